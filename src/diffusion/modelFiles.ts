/** The set denoiser on disk: `model.json` (sizes and sampling defaults) and `weights.safetensors`. */
import { join } from 'node:path';
import * as z from 'zod';
import { Graph, loadWeights, type RuntimeOptions, saveWeights, zeros } from '../engine/index.js';
import { InputError } from '../errors.js';
import { readJson, writeJson } from '../files.js';
import type { CompositeWeights } from '../reward/composite.js';
import { CandidateDiffusion } from './candidateDiffusion.js';
import type { DenoiserConfig } from './config.js';
import { denoise } from './denoiser.js';
import { ANCHORS, type DiffusionModel } from './model.js';
import type { SamplerName } from './sampling.js';
import { SetDiffusion } from './setDiffusion.js';
import { conditionMemory } from './transformer.js';

/** How a model samples when a request does not say. */
export interface SamplingDefaults {
  /** Absent: as many as the sampler needs. */
  readonly steps?: number;
  readonly sampler: SamplerName;
  readonly guidance: number;
  readonly candidates: number;
  readonly weights: CompositeWeights;
}

const MODEL = 'model.json';
const WEIGHTS = 'weights.safetensors';

const size = z.int().positive();
const schema = z.object({
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
      maxAnchors: z.int().min(0),
      dimension: size,
      conditionDimension: size,
      conditionWords: z.int().min(0),
      sigmaData: z.number().positive(),
      anchors: z.int().min(0),
      anchorSpread: z.number().min(0),
      nearAnchors: z.int().min(0),
      features: z.int().min(0).default(0),
    })
    .refine(({ width, heads }) => width % heads === 0),
  sampling: z.object({
    steps: size.optional(),
    sampler: z.enum(['eulerMaruyama', 'heun', 'dpmSolverPlusPlus2M', 'exponentialSde']),
    guidance: z.number().min(0),
    candidates: size,
    weights: z.object({ groundedness: z.number(), diversity: z.number(), alignment: z.number() }),
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
 * Reads the set retriever's model.
 *
 * @throws InputError if a file is missing or damaged
 */
export async function readDiffusion(
  folder: string,
): Promise<{ model: DiffusionModel; sampling: SamplingDefaults }> {
  const file = join(folder, MODEL);
  const result = schema.safeParse(await readJson(file));
  if (!result.success) throw new InputError('is not a set denoiser of r4t, or is damaged', { file });
  const { config, sampling } = result.data;
  const parameters = await loadWeights(join(folder, WEIGHTS), parameterGraph(config));
  return { model: { config, parameters }, sampling };
}

/** Loads the set retriever's model, ready to sample; see `readDiffusion`. */
export async function loadSetDiffusion(folder: string, runtime?: RuntimeOptions): Promise<SetDiffusion> {
  const { model, sampling } = await readDiffusion(folder);
  return SetDiffusion.create({ model, ...sampling, runtime });
}

/** The set retriever of a run, of either kind: one that reads what sources say of its anchors, or one that does not. */
export async function loadRetrieverModel(
  folder: string,
  runtime?: RuntimeOptions,
): Promise<SetDiffusion | CandidateDiffusion> {
  const { model, sampling } = await readDiffusion(folder);
  return model.config.features > 0
    ? new CandidateDiffusion({ model, steps: sampling.steps, draws: sampling.candidates, runtime })
    : SetDiffusion.create({ model, ...sampling, runtime });
}

/** A graph with every parameter a request may need, guided or not, and the anchors: what the weights must have. */
export function parameterGraph(config: DenoiserConfig): Graph {
  const { anchors: n, nearAnchors, dimension: d, conditionDimension } = config;
  const graph = new Graph();
  denoise(config, {
    x: graph.input('x', ['batch', 'rows', d]),
    sigma: graph.input('sigma', [1, 1, 1]),
    condition: conditionMemory(config, graph.input('condition', ['batch', conditionDimension]), {
      kept: graph.input('kept', ['batch', 1, 1]),
      near: nearAnchors > 0 ? graph.input('near', ['batch', nearAnchors, d]) : undefined,
      features: config.features > 0 ? graph.input('features', ['batch', n, config.features]) : undefined,
    }),
    anchors: n > 0 ? graph.parameter(ANCHORS, [n, d], zeros) : undefined,
  });
  return graph;
}
