/** The set denoiser on disk: `model.json` (sizes and sampling defaults) and `weights.safetensors`. */
import { join } from 'node:path';
import * as z from 'zod';
import { loadWeights, type RuntimeOptions, saveWeights } from '../engine/index.js';
import { InputError } from '../errors.js';
import { readJson, writeJson } from '../files.js';
import type { DiffusionModel } from './model.js';
import type { SamplerName } from './sampling.js';
import { SetDiffusion } from './setDiffusion.js';

/** How a model samples when a request does not say. */
export interface SamplingDefaults {
  /** Absent: as many as the sampler needs. */
  readonly steps?: number;
  readonly sampler: SamplerName;
  readonly guidance: number;
}

const MODEL = 'model.json';
const WEIGHTS = 'weights.safetensors';

const count = z.int().min(0);
const schema = z.object({
  config: z.object({
    width: count,
    hidden: count,
    heads: count,
    layers: count,
    conditionTokens: count,
    conditionWidth: count,
    noiseFeatures: count,
    dropout: z.number(),
    attentionDropout: z.number(),
    maxAnchors: count,
    dimension: count,
    conditionDimension: count,
    sigmaData: z.number(),
    anchors: count,
    anchorSpread: z.number(),
  }),
  sampling: z.object({
    steps: count.optional(),
    sampler: z.enum(['eulerMaruyama', 'heun', 'dpmSolverPlusPlus2M', 'exponentialSde']),
    guidance: z.number(),
  }),
});

/** Writes the model into `folder`; `model.json` last, so that a folder which has one is whole. */
export async function saveDiffusion(
  folder: string,
  { config, parameters }: DiffusionModel,
  sampling: SamplingDefaults,
): Promise<void> {
  await saveWeights(join(folder, WEIGHTS), parameters);
  await writeJson(join(folder, MODEL), { config, sampling });
}

/**
 * Loads the set retriever's model, ready to sample.
 *
 * @throws InputError if a file is missing or damaged
 */
export async function loadSetDiffusion(folder: string, runtime?: RuntimeOptions): Promise<SetDiffusion> {
  const file = join(folder, MODEL);
  const result = schema.safeParse(await readJson(file));
  if (!result.success) throw new InputError('is not a set denoiser of r4t, or is damaged', { file });
  const { config, sampling } = result.data;
  const parameters = await loadWeights(join(folder, WEIGHTS));
  try {
    return await SetDiffusion.create({ model: { config, parameters }, ...sampling, runtime });
  } catch (cause) {
    throw new InputError(
      `does not fit the weights beside it; compile the diffusion stage again`,
      { file },
      { cause },
    );
  }
}
