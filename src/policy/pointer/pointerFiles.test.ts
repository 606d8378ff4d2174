import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { saveWeights } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import { loadPointerModel, loadPointerWeights, savePointerModel } from './pointerFiles.js';
import { config, randomParameters, standard } from './testing/tinyPointer.js';

const folder = tempFolder();
const model = { config, standard: { ...standard, means: standard.means.map((_, i) => i / 3) } };

describe('pointer files', () => {
  it('bring back the model and its parameters', async () => {
    const [file, weights] = [folder.path('model.json'), folder.path('weights.safetensors')];
    const parameters = randomParameters();
    await savePointerModel(file, model);
    await saveWeights(weights, parameters);
    const loaded = await loadPointerModel(file);
    expect(loaded).toEqual(model);
    const plain = (all: typeof parameters) => new Map([...all].map(([name, { data }]) => [name, [...data]]));
    expect(plain(await loadPointerWeights(loaded, weights))).toEqual(plain(parameters));
  });

  const written = { kind: 'pointer', ...model };
  it.each([
    ['another file', '{"name": "r4t"}'],
    ['a broken file', '{'],
    ['another kind of policy', JSON.stringify({ ...written, kind: 'decoder' })],
    ['sizes that are none', JSON.stringify({ ...written, config: { ...config, k: 0 } })],
    [
      'deviations of nothing',
      JSON.stringify({ ...written, standard: { ...standard, deviations: standard.means } }),
    ],
  ])('refuse %s', async (_, content) => {
    await expect(loadPointerModel(folder.write('bad.json', content))).rejects.toThrow(InputError);
  });

  it('refuse weights of another architecture', async () => {
    const weights = folder.path('other.safetensors');
    await saveWeights(weights, randomParameters());
    const wide = { ...model, config: { ...config, k: config.k + 1 } };
    await expect(loadPointerWeights(wide, weights)).rejects.toThrow(InputError);
  });
});
