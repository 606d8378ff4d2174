import { describe, expect, it, vi } from 'vitest';
import { modelGraph, readWeights, weightBytes } from './languageModel.js';
import type { WeightFile } from './settings.js';
import { formulaWeights, oracle } from './testing/oracle.js';

const { settings } = oracle('qwen2');
const tensors = formulaWeights(modelGraph({ settings }), settings);

function fileOf(changes: Partial<WeightFile> = {}): WeightFile {
  return {
    settings,
    names: [...tensors.keys()],
    shape: (name) => tensors.get(name)?.dims ?? [],
    read: async (name) => tensors.get(name)?.data ?? new Float32Array(),
    close: async () => {},
    ...changes,
  };
}

describe('readWeights', () => {
  it('reads every tensor once, and keeps the arrays it is given', async () => {
    const read = vi.fn(fileOf().read);
    const progress: number[] = [];
    const weights = await readWeights(fileOf({ read }), 'model.gguf', {
      onProgress: ({ done, total }) => progress.push(done / total),
    });
    expect(read).toHaveBeenCalledTimes(tensors.size);
    for (const [name, { data }] of weights) expect(data).toBe(tensors.get(name)?.data);
    expect(progress.at(-1)).toBe(1);
    const values = [...tensors.values()].reduce((n, { data }) => n + data.length, 0);
    expect(weightBytes({ settings })).toBe(4 * values);
  });

  it('names a tensor that is missing', async () => {
    const names = [...tensors.keys()].filter((name) => name !== 'model.layers.1.self_attn.k_proj.bias');
    await expect(readWeights(fileOf({ names }), 'model.gguf')).rejects.toThrow(
      'model.gguf: has no tensor "model.layers.1.self_attn.k_proj.bias", which a qwen2 of 2 layers has',
    );
  });

  it('names a tensor of another shape, before any is read', async () => {
    const read = vi.fn(fileOf().read);
    const shape = (name: string) => (name === 'model.norm.weight' ? [33] : (tensors.get(name)?.dims ?? []));
    await expect(readWeights(fileOf({ shape, read }), 'model.gguf')).rejects.toThrow(
      'model.gguf: tensor "model.norm.weight" is [33], and by the model\'s settings [32]',
    );
    expect(read).not.toHaveBeenCalled();
  });

  it('foresees that memory will not suffice, with the numbers', async () => {
    const huge = { ...settings, vocabularySize: 2 ** 31 };
    const shape = (name: string) =>
      name === 'model.embed_tokens.weight' ? [2 ** 31, 32] : (tensors.get(name)?.dims ?? []);
    await expect(readWeights(fileOf({ settings: huge, shape }), 'model.gguf')).rejects.toThrow(
      /^model\.gguf: takes 256\.0 GB of memory as float32, and [\d.]+ GB are free; use a smaller model/,
    );
  });

  it('can be stopped', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(readWeights(fileOf(), 'model.gguf', { signal })).rejects.toThrow('enough');
  });
});
