import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { InputError } from '../errors.js';
import { Graph } from './graph.js';
import { type Parameters, zeros } from './parameters.js';
import { readSafetensors, writeSafetensors } from './safetensors.js';
import { loadWeights, saveWeights } from './weights.js';

const temp = tempFolder();
const file = temp.path('weights.safetensors');

const parameters: Parameters = new Map([
  ['layer.weight', { data: Float32Array.of(1, -2, 0.1, 1e-38, 3.4e38, -0), dims: [2, 3] }],
  ['layer.bias', { data: Float32Array.of(4, 5, 6), dims: [3] }],
  ['temperature', { data: Float32Array.of(7), dims: [] }],
]);

/** A graph with parameters of the given shapes. */
function model(shapes: Readonly<Record<string, readonly number[]>>): Graph {
  const graph = new Graph();
  for (const [name, shape] of Object.entries(shapes)) graph.parameter(name, shape, zeros);
  return graph;
}

describe('weights', () => {
  it('come back as they were, in their order', async () => {
    await saveWeights(file, parameters);
    const loaded = await loadWeights(file);
    expect([...loaded]).toEqual([...parameters]);
    expect(await loadWeights(file, model({ temperature: [], 'layer.bias': [3] }))).toEqual(loaded);
  });

  it('are plain safetensors, of the values at the time', async () => {
    const data = Float32Array.of(1, 2, 3, 4);
    await saveWeights(file, new Map([['part', { data: data.subarray(1, 3), dims: [2] }]]));
    data.fill(9);
    expect((await readSafetensors(file)).tensors).toEqual({
      part: { shape: [2], data: Float32Array.of(2, 3) },
    });
  });

  it('take the place of those that were there, and no others', async () => {
    await saveWeights(file, parameters);
    const before = readFileSync(file);
    await saveWeights(file, new Map([['other', { data: Float32Array.of(1), dims: [1] }]]));
    expect([...(await loadWeights(file)).keys()]).toEqual(['other']);
    const wrong: Parameters = new Map([['bad', { data: Float32Array.of(1), dims: [2] }]]);
    await expect(saveWeights(file, wrong)).rejects.toThrow(RangeError);
    expect([...(await loadWeights(file)).keys()]).toEqual(['other']);
    await saveWeights(file, parameters);
    expect(readFileSync(file)).toEqual(before);
  });

  it.each<[string, Readonly<Record<string, readonly number[]>>, string]>([
    ['a parameter that is missing', { 'layer.scale': [3] }, '"layer.scale" of shape [3]'],
    ['another shape of the same size', { 'layer.weight': [3, 2] }, '"layer.weight" of shape [3,2]'],
    ['another rank', { temperature: [1] }, '"temperature" of shape [1]'],
  ])('of another model are refused: %s', async (_, shapes, named) => {
    await saveWeights(file, parameters);
    await expect(loadWeights(file, model(shapes))).rejects.toMatchObject({
      name: 'InputError',
      message: `${file}: has no tensor ${named}; it belongs to another model`,
    });
  });

  it('that are not float32, damaged or missing are refused', async () => {
    await writeSafetensors(file, { ids: { shape: [2], data: Int32Array.of(1, 2) } });
    await expect(loadWeights(file)).rejects.toThrow(`${file}: tensor "ids" is not float32`);
    await saveWeights(file, parameters);
    const cut = temp.write('cut', readFileSync(file).subarray(0, -1));
    await expect(loadWeights(cut)).rejects.toThrow(InputError);
    await expect(loadWeights(temp.path('none'))).rejects.toThrow('does not exist');
  });
});
