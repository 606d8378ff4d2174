/** The set denoiser on disk: `model.json` (sizes and sampling defaults) and `weights.safetensors`. */
import { join } from 'node:path';
import * as z from 'zod';
import { checkStandard } from '../candidates/reader.js';
import { loadWeights, type RuntimeOptions, Session, saveWeights } from '../engine/index.js';
import { InputError } from '../errors.js';
import { readJson, writeJson } from '../files.js';
import { CandidateDiffusion } from './candidateDiffusion.js';
import { candidateOrderOnnx, candidateSamplerOnnx, type DiffusionModel, parameterGraph } from './model.js';
import type { SamplerName } from './sampling.js';
import { defaultSteps, samplingSigmas } from './samplingGrid.js';
import { SetDiffusion } from './setDiffusion.js';

/** How a model samples when a request does not say. */
export interface SamplingDefaults {
  /** Absent: as many as the sampler needs. */
  readonly steps?: number;
  readonly sampler: SamplerName;
  readonly guidance: number;
  /** Sets drawn for a query by a model whose rows are candidates. */
  readonly draws?: number;
  /** Whether large products are of 8 bits, which validation allowed, in a model that draws directions. */
  readonly int8?: boolean;
}

const MODEL = 'model.json';
const WEIGHTS = 'weights.safetensors';

const size = z.int().positive();
const schema = z
  .object({
    config: z
      .object({
        width: size,
        hidden: size,
        heads: size,
        layers: size,
        conditionTokens: size,
        conditionWidth: size,
        noiseFeatures: size.multipleOf(2),
        dropout: z.number(),
        attentionDropout: z.number(),
        head: z.enum(['anchors', 'edm']),
        dimension: size,
        conditionDimension: size,
        sigmaData: z.number().positive(),
        standard: z
          .object({ means: z.array(z.number()), deviations: z.array(z.number().positive()) })
          .refine(({ means, deviations }) => means.length === deviations.length)
          .optional(),
      })
      .refine(({ width, heads }) => width % heads === 0)
      .refine(({ head, standard }) => head === 'edm' || standard),
    sampling: z.object({
      steps: z.int().min(0).optional(),
      sampler: z.enum(['eulerMaruyama', 'heun', 'dpmSolverPlusPlus2M', 'exponentialSde']),
      guidance: z.number().min(0),
      draws: size.optional(),
      int8: z.boolean().optional(),
    }),
  })
  // Without steps there is only an order of candidates.
  .refine(({ config, sampling }) => config.head === 'anchors' || sampling.steps !== 0);

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
 * Reads the set retriever's model.
 *
 * @throws InputError if a file is missing, damaged or of another version
 */
export async function readDiffusion(
  folder: string,
): Promise<{ model: DiffusionModel; sampling: SamplingDefaults }> {
  const file = join(folder, MODEL);
  const result = schema.safeParse(await readJson(file));
  if (!result.success) throw new InputError('is not a set denoiser of r4t, or is damaged', { file });
  const { config, sampling } = result.data;
  if (config.standard) checkStandard(config.standard, file);
  const parameters = await loadWeights(join(folder, WEIGHTS), parameterGraph(config));
  return { model: { config, parameters }, sampling };
}

/** The set retriever's model, ready to be asked; see `readDiffusion`. */
export async function loadDiffusion(
  folder: string,
  runtime?: RuntimeOptions,
): Promise<SetDiffusion | CandidateDiffusion> {
  const { model, sampling } = await readDiffusion(folder);
  if (model.config.head === 'edm') return SetDiffusion.create({ model, ...sampling, runtime });
  return openCandidateDiffusion(model, sampling, runtime);
}

/** The model of head `anchors` at so many steps. */
export const candidateModelOnnx = (model: DiffusionModel, steps: number): Uint8Array =>
  steps === 0
    ? candidateOrderOnnx(model)
    : candidateSamplerOnnx(model, samplingSigmas(model.config, 'dpmSolverPlusPlus2M', steps));

/** Sets drawn for a query where nothing says how many: more change little. */
export const DRAWS = 16;

/** The model of head `anchors`, ready to be asked. */
export function openCandidateDiffusion(
  model: DiffusionModel,
  { steps = defaultSteps(model.config, 'dpmSolverPlusPlus2M'), draws = DRAWS }: Partial<SamplingDefaults>,
  runtime?: RuntimeOptions,
): CandidateDiffusion {
  const { config } = model;
  return new CandidateDiffusion({
    config,
    steps,
    draws,
    load: (count) => Session.load(candidateModelOnnx(model, count), runtime),
  });
}
