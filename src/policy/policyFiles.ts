/** The built-in policy on disk: `model.json` (architecture, format, tokenizer) and one weights file a training state. */
import * as z from 'zod';
import { Graph, loadWeights, type Parameters, type RuntimeOptions } from '../engine/index.js';
import type { RetrievalWorld } from '../environment.js';
import { InputError } from '../errors.js';
import { readJson, writeJson } from '../files.js';
import { type DecoderConfig, sequenceLogits } from './decoder.js';
import { DecoderPolicy } from './decoderPolicy.js';
import type { Format } from './format.js';
import { Neighbourhood } from './neighbourhood.js';
import { Tokenizer } from './tokenizer.js';

/** The policy's files in a run: the model, the warm start's weights and the trained ones. */
export const POLICY_FILES = {
  model: ['warm-start', 'model.json'],
  untrained: ['warm-start', 'weights.safetensors'],
  trained: ['policy', 'weights.safetensors'],
} as const;

/** What the weights belong to. */
export interface PolicyModel {
  readonly config: DecoderConfig;
  readonly format: Format;
  readonly tokenizer: Tokenizer;
}

const count = z.int().positive();
const schema = z.object({
  config: z.object({
    vocabularySize: count,
    conditionDim: count,
    width: count,
    layers: count,
    heads: count,
    writes: z.enum(['anything', 'nearTexts', 'nearWords']),
  }),
  format: z.object({ k: count, maxTokens: count }),
  tokenizer: z.object({
    vocabulary: z.array(z.string()),
    merges: z.array(z.tuple([z.number(), z.number()])),
  }),
});

export async function savePolicyModel(
  file: string,
  { config, format, tokenizer }: PolicyModel,
): Promise<void> {
  await writeJson(file, { config, format, tokenizer: tokenizer.state });
}

/** @throws InputError if the file is missing or damaged */
export async function loadPolicyModel(file: string): Promise<PolicyModel> {
  const result = schema.safeParse(await readJson(file));
  if (!result.success) throw new InputError('is not a policy of r4t, or is damaged', { file });
  const { config, format, tokenizer } = result.data;
  return { config, format, tokenizer: new Tokenizer(tokenizer) };
}

/** A policy ready to sample in the catalog it was trained on, its weights stored in the model. */
export async function loadPolicy(
  model: PolicyModel,
  weightsFile: string,
  world: Pick<RetrievalWorld, 'items' | 'index' | 'vectors'>,
  runtime: RuntimeOptions,
): Promise<DecoderPolicy> {
  return DecoderPolicy.create({
    ...model,
    parameters: await loadPolicyWeights(model, weightsFile),
    neighbourhood: new Neighbourhood(world, model.tokenizer, model.format, model.config.writes),
    frozen: true,
    runtime,
  });
}

export function loadPolicyWeights({ config }: PolicyModel, file: string): Promise<Parameters> {
  const graph = new Graph();
  sequenceLogits(graph, config);
  return loadWeights(file, graph);
}
