import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { loadWeights, Session, saveWeights } from '../engine/index.js';
import { CandidateDiffusion } from './candidateDiffusion.js';
import { candidateOrderOnnx, candidateSamplerOnnx, type DiffusionModel } from './model.js';
import { DRAWS, loadDiffusion, readDiffusion, type SamplingDefaults, saveDiffusion } from './modelFiles.js';
import { samplingSigmas } from './samplingGrid.js';
import { SetDiffusion } from './setDiffusion.js';
import { randomModel, randomRead, tinyConfig, unitRows } from './testing/models.js';

const temp = tempFolder();
const runtime = { threads: 1 } as const;
const sampling: SamplingDefaults = {
  steps: 3,
  sampler: 'dpmSolverPlusPlus2M',
  guidance: 0,
  draws: 2,
};
const edm = tinyConfig({ head: 'edm' });
const directions = { conditions: unitRows(3, 8, 5), rows: 4, seed: 2 };
const candidates = {
  read: randomRead({ queries: 3, size: 9, items: 20, dimension: 8 }),
  vectors: unitRows(20, 8, 6),
  rows: 4,
  depth: 9,
  seed: 2,
};
let folders = 0;
const newFolder = () => temp.path(`model-${folders++}`);

/** What a model answers to the request for its head, freed afterwards. */
async function answered(diffusion: SetDiffusion | CandidateDiffusion) {
  const answer =
    diffusion instanceof SetDiffusion ? await diffusion.sample(directions) : await diffusion.rank(candidates);
  await diffusion.release();
  return answer;
}

async function saved(model: DiffusionModel = randomModel(tinyConfig())): Promise<string> {
  const folder = newFolder();
  await saveDiffusion(folder, model, sampling);
  return folder;
}

describe('model files', () => {
  it.each([
    ['plain', sampling],
    ['guided', { ...sampling, guidance: 0.5 }],
    ['with another sampler', { ...sampling, sampler: 'exponentialSde' } as const],
    ['with as many steps as the sampler needs', { ...sampling, sampler: 'heun', steps: undefined } as const],
  ])('bring back a model that draws the same directions: %s', async (_, defaults) => {
    const model = randomModel(edm);
    const folder = newFolder();
    await saveDiffusion(folder, model, defaults);
    const loaded = await loadDiffusion(folder, runtime);
    expect(loaded.kind).toBe('directions');
    expect(await answered(loaded)).toEqual(
      await answered(await SetDiffusion.create({ model, ...defaults, runtime })),
    );
  });

  it.each([
    ['as the file says', { draws: 2, steps: 2 }, { draws: 2, steps: 2 }],
    ['with no steps', { draws: 2, steps: 0 }, { draws: 2, steps: 0 }],
    ['by default in their order', { draws: undefined, steps: undefined }, { draws: DRAWS, steps: 0 }],
    ['in as many draws as are good by default', { draws: undefined, steps: 1 }, { draws: DRAWS, steps: 1 }],
  ])('bring back a model that ranks candidates the same, %s', async (_, settings, taken) => {
    const config = tinyConfig();
    const standard = {
      means: config.standard!.means.map((_, i) => i),
      deviations: config.standard!.deviations.map((_, i) => 1 + i),
    };
    const model = randomModel({ ...config, standard });
    const folder = newFolder();
    await saveDiffusion(folder, model, { ...sampling, ...settings });
    const loaded = await loadDiffusion(folder, runtime);
    expect(loaded).toMatchObject({ kind: 'candidates', standard, steps: taken.steps });
    const onnx =
      taken.steps === 0
        ? candidateOrderOnnx(model)
        : candidateSamplerOnnx(model, samplingSigmas(config, 'dpmSolverPlusPlus2M', taken.steps));
    const again = new CandidateDiffusion({
      config: model.config,
      ...taken,
      load: () => Session.load(onnx, runtime),
    });
    expect(await answered(loaded)).toEqual(await answered(again));
  });

  it.each([tinyConfig(), edm])('keep config, settings and every parameter: head $head', async (config) => {
    const model = randomModel(config);
    const { model: read, sampling: settings } = await readDiffusion(await saved(model));
    expect(read.config).toEqual(config);
    expect(settings).toEqual(sampling);
    expect([...read.parameters.keys()].sort()).toEqual([...model.parameters.keys()].sort());
    for (const [name, { data, dims }] of model.parameters)
      expect(read.parameters.get(name)).toEqual({ data, dims });
  });

  it('take the place of the model that was there', async () => {
    const folder = await saved(randomModel(edm, 6));
    const model = randomModel(edm, 7);
    await saveDiffusion(folder, model, sampling);
    const again = await SetDiffusion.create({ model, ...sampling, runtime });
    expect(await answered(await loadDiffusion(folder, runtime))).toEqual(await answered(again));
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
    await expect(loadDiffusion(folder, runtime)).rejects.toMatchObject({
      name: 'InputError',
      file,
      message: expect.stringContaining(problem),
    });
  });

  it('are refused with a setting out of range', async () => {
    const { config } = randomModel(tinyConfig());
    for (const changes of [
      { sampling: { ...sampling, sampler: 'ddim' } },
      { sampling: { ...sampling, steps: -1 } },
      { sampling: { ...sampling, steps: 0.5 } },
      { sampling: { ...sampling, guidance: -1 } },
      { sampling: { ...sampling, draws: 0 } },
      { config: edm, sampling: { ...sampling, steps: 0 } },
      { config: { ...config, width: -16 } },
      { config: { ...config, heads: 3 } },
      { config: { ...config, head: 'cosine' } },
      { config: { ...config, standard: undefined } },
      { config: { ...config, standard: { means: [0, 1], deviations: [1] } } },
      { config: { ...config, standard: { means: [0], deviations: [0] } } },
    ]) {
      const folder = await saved();
      writeFileSync(`${folder}/model.json`, JSON.stringify({ config, sampling, ...changes }));
      await expect(loadDiffusion(folder, runtime)).rejects.toThrow('is not a set denoiser of r4t');
    }
  });

  it.each([
    ['fewer layers', { layers: 1 }],
    ['another width', { width: 32 }],
    ['another length of the rows', { dimension: 6, conditionDimension: 8 }],
    ['rows that are no candidates', { head: 'edm' } as const],
    ['fewer sources', { standard: { means: [0], deviations: [1] } }],
  ])('are refused with the weights of a model with %s', async (_, theirs) => {
    const folder = await saved();
    const file = `${folder}/weights.safetensors`;
    copyFileSync(`${await saved(randomModel(tinyConfig(theirs)))}/weights.safetensors`, file);
    await expect(loadDiffusion(folder, runtime)).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(/: has no tensor ".+" of shape .+; it belongs to another model$/),
      file,
    });
  });

  // Also one that only guided requests need.
  it.each([tinyConfig(), edm])('are refused where any tensor is missing: head $head', async (config) => {
    const folder = await saved(randomModel(config));
    const file = `${folder}/weights.safetensors`;
    const whole = await loadWeights(file);
    for (const name of whole.keys()) {
      await saveWeights(file, new Map([...whole].filter(([other]) => other !== name)));
      await expect(loadDiffusion(folder, runtime)).rejects.toThrow(`has no tensor "${name}"`);
    }
  });

  it('are refused with damaged weights or none', async () => {
    const folder = await saved();
    const file = `${folder}/weights.safetensors`;
    writeFileSync(file, readFileSync(file).subarray(0, -1));
    await expect(loadDiffusion(folder, runtime)).rejects.toMatchObject({ name: 'InputError', file });
    rmSync(file);
    await expect(loadDiffusion(folder, runtime)).rejects.toThrow(`${file}: does not exist`);
  });
});
