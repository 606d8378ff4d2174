/** Which encoder a setting means. */
import { resolve } from 'node:path';
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { apiKeyOf, type Environment } from '../llm/apiKey.js';
import { loadBuiltIn } from './builtIn.js';
import { ClipEncoder } from './clipEncoder.js';
import type { Encoder, EncoderParts } from './encoder.js';
import { type EncoderSetting, type OpenAiSetting, placeModel } from './encoderSetting.js';
import { loadModuleEncoder } from './moduleEncoder.js';
import { OpenAiEncoder } from './openaiEncoder.js';
import { PrecomputedEncoder } from './precomputed.js';
import { type Prefix, PrefixedEncoder } from './prefixed.js';
import { TransformersEncoder } from './transformersEncoder.js';
import type { VectorCacheOptions } from './vectorCache.js';

export interface LoadEncoderOptions {
  readonly runtime?: RuntimeOptions;
  /** The user's own encoder, which wins; of precomputed vectors it encodes the queries. */
  readonly own?: Encoder;
  /** What paths in the setting are relative to. */
  readonly folder: string;
  /** Length of the catalog's vectors, for precomputed ones (that of the encoder for queries). */
  readonly dim?: number;
  /** Where vectors are kept that cost something (nowhere). */
  readonly cache?: VectorCacheOptions;
  /** Folders that file names of pictures may be relative to; none: no files are read. */
  readonly imageFolders?: readonly string[];
  readonly signal?: AbortSignal;
  /** Environment variables, for API keys (the process's). */
  readonly env?: Environment;
}

/**
 * The encoder that a setting means, or the user's own.
 *
 * @throws InputError naming the setting, where a package, model, module or key is missing; ChatError if an endpoint does not answer
 */
export async function loadEncoder(
  setting: EncoderSetting,
  options: LoadEncoderOptions,
): Promise<Encoder | EncoderParts> {
  const { own, dim } = options;
  if (setting === 'precomputed') return precomputed(own, dim);
  if (typeof setting === 'object' && setting.kind === 'precomputed') {
    return precomputed(own ?? (await loadModel(setting.queries, options)), dim);
  }
  if (own) return own;
  if (typeof setting === 'string') return loadBuiltIn(setting, options.runtime);
  return loadModel(setting, options);
}

function precomputed(queryEncoder: Encoder | undefined, dim = queryEncoder?.dim): Encoder {
  if (dim !== undefined) return new PrecomputedEncoder({ id: 'precomputed', dim, queryEncoder });
  throw new InputError(
    'is "precomputed", but the catalog has no vectors; add a vector field or use "use-lite+glove"',
    ENCODER,
  );
}

const ENCODER = { field: 'encoder' };

type ModelSetting = Exclude<EncoderSetting, string | { readonly kind: 'precomputed' }>;

async function loadModel(setting: ModelSetting, options: LoadEncoderOptions): Promise<Encoder> {
  const { runtime = {}, folder, signal } = options;
  switch (setting.kind) {
    case 'transformers': {
      const { quantized, pooling, prefix } = setting;
      const model = placeModel(setting.model, folder);
      return prefixed(
        await TransformersEncoder.load({ model, quantized, pooling, signal, ...runtime }),
        prefix,
      );
    }
    case 'clip':
      return ClipEncoder.load({
        ...setting,
        model: placeModel(setting.model, folder),
        imageFolders: options.imageFolders,
        signal,
        ...runtime,
      });
    case 'openai':
      return prefixed(await openai(setting, options), setting.prefix);
    case 'module':
      return loadModuleEncoder(resolve(folder, setting.path), { ...runtime, signal });
  }
}

function openai(
  { baseUrl, model, apiKeyEnv, dimensions }: OpenAiSetting,
  { cache, signal, env }: LoadEncoderOptions,
): Promise<Encoder> {
  const apiKey = apiKeyOf(apiKeyEnv, 'encoder.apiKeyEnv', env);
  return OpenAiEncoder.load({ baseUrl, model, apiKey, dimensions, cache, signal });
}

const prefixed = (encoder: Encoder, prefix: Prefix | undefined): Encoder =>
  prefix?.query || prefix?.item ? new PrefixedEncoder(encoder, prefix) : encoder;
