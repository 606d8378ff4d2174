import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { saveWeights } from '../engine/index.js';
import { InputError } from '../errors.js';
import { DecoderPolicy } from './decoderPolicy.js';
import { Neighbourhood } from './neighbourhood.js';
import { loadPolicy, loadPolicyModel, savePolicyModel } from './policyFiles.js';
import { catalogOfThings, randomParameters, randomVectors, runtime, scene } from './testing/scene.js';

const folder = tempFolder();
const tiny = scene();
const world = await catalogOfThings();
const request = { queries: ['red tent', 'Lamp!'], vectors: randomVectors(2, 1), seed: 1, samplesPerQuery: 3 };

describe('policy files', () => {
  it('bring back a policy that writes the same', async () => {
    const parameters = randomParameters(tiny, 1);
    await savePolicyModel(folder.path('model.json'), tiny);
    await saveWeights(folder.path('weights.safetensors'), parameters);
    const neighbourhood = new Neighbourhood(world, tiny.tokenizer, tiny.format, 'anything');
    const saved = await DecoderPolicy.create({ ...tiny, parameters, neighbourhood, frozen: true, runtime });
    const model = await loadPolicyModel(folder.path('model.json'));
    const loaded = await loadPolicy(model, folder.path('weights.safetensors'), world, runtime);
    expect(await loaded.sample(request)).toEqual(await saved.sample(request));
    await saved.release();
    await loaded.release();
  });

  it.each([
    ['another file', '{"name": "r4t"}'],
    ['a broken file', '{'],
    [
      'a vocabulary that is no list of texts',
      JSON.stringify({ ...tiny, tokenizer: { vocabulary: [1], merges: [] } }),
    ],
  ])('refuse %s', async (_, content) => {
    await expect(loadPolicyModel(folder.write('bad.json', content))).rejects.toThrow(InputError);
  });

  it('refuse weights of another architecture', async () => {
    const wide = { ...tiny, config: { ...tiny.config, width: 32 } };
    await saveWeights(folder.path('other.safetensors'), randomParameters(wide, 1));
    await expect(loadPolicy(tiny, folder.path('other.safetensors'), world, runtime)).rejects.toThrow(
      InputError,
    );
  });
});
