import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { loadWeights, saveWeights } from '../engine/index.js';
import type { DiffusionModel } from './model.js';
import { loadSetDiffusion, type SamplingDefaults, saveDiffusion } from './modelFiles.js';
import { SetDiffusion } from './setDiffusion.js';
import { randomModel, tinyConfig, unitRows } from './testing/models.js';

const temp = tempFolder();
const runtime = { threads: 1 } as const;
const sampling: SamplingDefaults = {
  steps: 3,
  sampler: 'dpmSolverPlusPlus2M',
  guidance: 0,
  candidates: 2,
  weights: { groundedness: 0.5, diversity: 0.3, alignment: 0.2 },
};
const request = { conditions: unitRows(3, 8, 5), rows: 4, seed: 2 };
let folders = 0;
const newFolder = () => temp.path(`model-${folders++}`);

/** What a model draws for the request, freed afterwards. */
async function drawn(diffusion: SetDiffusion) {
  const sets = await diffusion.sample(request);
  await diffusion.release();
  return sets;
}

async function saved(model: DiffusionModel = randomModel(tinyConfig())): Promise<string> {
  const folder = newFolder();
  await saveDiffusion(folder, model, sampling);
  return folder;
}

describe('model files', () => {
  it.each([
    ['plain', tinyConfig(), sampling],
    ['with anchors', tinyConfig({ anchors: 6, anchorSpread: 0.1 }), sampling],
    ['guided', tinyConfig(), { ...sampling, guidance: 0.5 }],
    ['with another sampler', tinyConfig(), { ...sampling, sampler: 'heun' } as const],
  ])('bring back a model that draws the same: %s', async (_, config, defaults) => {
    const model = randomModel(config);
    const folder = newFolder();
    await saveDiffusion(folder, model, defaults);
    const loaded = await loadSetDiffusion(folder, runtime);
    expect(loaded.config).toEqual(config);
    expect(await drawn(loaded)).toEqual(
      await drawn(await SetDiffusion.create({ model, ...defaults, runtime })),
    );
  });

  it('take the place of the model that was there', async () => {
    const folder = await saved();
    const model = randomModel(tinyConfig(), 7);
    await saveDiffusion(folder, model, sampling);
    const again = await SetDiffusion.create({ model, ...sampling, runtime });
    expect(await drawn(await loadSetDiffusion(folder, runtime))).toEqual(await drawn(again));
  });

  it.each([
    ['missing', undefined, 'does not exist'],
    ['no JSON', '{', 'is not valid JSON'],
    ['another file', '{"config": {}}', 'is not a set denoiser of r4t, or is damaged'],
  ])('are refused where model.json is %s', async (_, content, problem) => {
    const folder = await saved();
    const file = `${folder}/model.json`;
    if (content === undefined) rmSync(file);
    else writeFileSync(file, content);
    await expect(loadSetDiffusion(folder, runtime)).rejects.toMatchObject({
      name: 'InputError',
      file,
      message: expect.stringContaining(problem),
    });
  });

  it('are refused with a setting out of range', async () => {
    const { config } = randomModel(tinyConfig());
    for (const changes of [
      { sampling: { ...sampling, sampler: 'ddim' } },
      { sampling: { ...sampling, steps: 0 } },
      { sampling: { ...sampling, guidance: -1 } },
      { config: { ...config, width: -16 } },
      { config: { ...config, heads: 3 } },
    ]) {
      const folder = await saved();
      writeFileSync(`${folder}/model.json`, JSON.stringify({ config, sampling, ...changes }));
      await expect(loadSetDiffusion(folder, runtime)).rejects.toThrow('is not a set denoiser of r4t');
    }
  });

  it.each([
    ['fewer layers', { layers: 1 }, {}],
    ['another width', { width: 32 }, {}],
    ['another length of the rows', { dimension: 6, conditionDimension: 8 }, {}],
    ['no anchors', {}, { anchors: 5, anchorSpread: 0.1 }],
    ['fewer anchors', { anchors: 4 }, { anchors: 5 }],
  ])('are refused with the weights of a model with %s', async (_, theirs, ours) => {
    const folder = await saved(randomModel(tinyConfig(ours)));
    const file = `${folder}/weights.safetensors`;
    copyFileSync(`${await saved(randomModel(tinyConfig(theirs)))}/weights.safetensors`, file);
    await expect(loadSetDiffusion(folder, runtime)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(/: has no tensor ".+" of shape .+; it belongs to another model$/),
      file,
    });
  });

  it('are refused where any tensor is missing, also one that only guided requests need', async () => {
    const folder = await saved();
    const file = `${folder}/weights.safetensors`;
    const whole = await loadWeights(file);
    for (const name of whole.keys()) {
      await saveWeights(file, new Map([...whole].filter(([other]) => other !== name)));
      await expect(loadSetDiffusion(folder, runtime)).rejects.toThrow(`has no tensor "${name}"`);
    }
  });

  it('are refused with damaged weights or none', async () => {
    const folder = await saved();
    const file = `${folder}/weights.safetensors`;
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    await expect(loadSetDiffusion(folder, runtime)).rejects.toMatchObject({ name: 'InputError', file });
    rmSync(file);
    await expect(loadSetDiffusion(folder, runtime)).rejects.toThrow(`${file}: does not exist`);
  });
});
