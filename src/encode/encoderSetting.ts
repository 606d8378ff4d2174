/** The `encoder` setting: which model turns texts, and perhaps pictures, into vectors. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import * as z from 'zod';
import { isPath, moduleSetting, placeModule, placePath } from '../moduleSetting.js';

/** Written before each text by models that were trained so, such as E5's `query: ` and `passage: `. */
const prefix = z.strictObject({ query: z.string().optional(), item: z.string().optional() });
const model = z.string().min(1);

/** A feature-extraction model, through the package `@huggingface/transformers`. */
const transformers = z.strictObject({
  kind: z.literal('transformers'),
  /** A folder, or the name of a model on the Hugging Face hub. */
  model,
  /** The 8-bit weights: a quarter of the size, faster, a little less exact. */
  quantized: z.boolean().default(false),
  /** How the vectors of a text's tokens become one; `none`: the model does it itself. */
  pooling: z.enum(['mean', 'cls', 'none']).default('mean'),
  prefix: prefix.optional(),
});

/** A model of a text and an image tower, such as CLIP and SigLIP, through the same package. */
const clip = z.strictObject({
  kind: z.literal('clip'),
  model,
  quantized: z.boolean().default(false),
  /** What of an item is encoded; queries are texts. */
  items: z.enum(['text', 'image', 'both']).default('both'),
});

/** An endpoint that speaks OpenAI's embeddings. */
const openai = z.strictObject({
  kind: z.literal('openai'),
  /** The part before `/embeddings`. */
  baseUrl: z.string(),
  model,
  /** Environment variable with the API key; absent: none is sent. */
  apiKeyEnv: z.string().min(1).optional(),
  /** Length of the vectors to ask for; absent: the model's own. */
  dimensions: z.int().positive().optional(),
  prefix: prefix.optional(),
});

/** The last one: a module whose default export is an `Encoder` or an async function that returns one. */
const MODELS = [transformers, clip, openai, moduleSetting] as const;
const kinds = (names: readonly string[]) => () => `expected one of ${names.join(', ')}`;
const KINDS = MODELS.map(({ shape }) => shape.kind.value);

/** The catalog's own vectors, and a model that puts queries into the same space. */
const precomputed = z.strictObject({
  kind: z.literal('precomputed'),
  queries: z.discriminatedUnion('kind', MODELS, { error: kinds(KINDS) }),
});

export const encoderSetting = z.union([
  z.enum(['use-lite+glove', 'use-lite', 'precomputed']),
  z.discriminatedUnion('kind', [...MODELS, precomputed], { error: kinds([...KINDS, 'precomputed']) }),
]);

export type EncoderSetting = z.output<typeof encoderSetting>;
export type TransformersSetting = z.output<typeof transformers>;
export type ClipSetting = z.output<typeof clip>;
export type OpenAiSetting = z.output<typeof openai>;

/** Whether items have the catalog's vectors. */
export const isPrecomputed = (setting: EncoderSetting): boolean =>
  setting === 'precomputed' || (typeof setting === 'object' && setting.kind === 'precomputed');

/**
 * Where a model's name leads when it is written in `folder`: to an absolute path, or to the hub, unchanged. In a config `models/e5` is
 * also the folder of that name where there is one (`placeEncoder` writes `./models/e5` then), else a model of the hub.
 */
export function placeModel(name: string, folder: string): string {
  const path = resolve(folder, name);
  return isPath(name) || statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : name;
}

/**
 * The setting with the paths in it, which are relative to `from`, made absolute or, with `to`, relative to that folder: a config
 * file's are relative to the file, a run's to the run, so that a project can be moved with its runs.
 */
export function placeEncoder<T extends EncoderSetting>(setting: T, from: string, to?: string): T;
export function placeEncoder(setting: EncoderSetting, from: string, to?: string): EncoderSetting {
  if (typeof setting === 'string') return setting;
  switch (setting.kind) {
    case 'module':
      return placeModule(setting, from, to);
    case 'precomputed':
      return { ...setting, queries: placeEncoder(setting.queries, from, to) };
    case 'openai':
      return setting;
    default: {
      const model = placeModel(setting.model, from);
      return { ...setting, model: isPath(model) ? placePath(model, from, to) : model };
    }
  }
}
