/** A model's sizes and variants from and to the metadata of GGUF. */
import { InputError } from '../../../../errors.js';
import { ropeFrequencies } from '../../rope.js';
import {
  ARCHITECTURES,
  type Architecture,
  type LanguageModelSettings,
  type RopeScaling,
} from '../../settings.js';
import { GEMMA3_LOCAL_THETA, GEMMA3_PATTERN, localLayersOf } from '../gemma3.js';
import type { Metadata } from './format.js';
import type { Field } from './writeHeader.js';

/** What the list of tensors says besides. */
export interface TensorFacts {
  /** Rows of the embedding table. */
  readonly vocabularySize: number;
  /** Whether there is an output layer of its own. */
  readonly hasOutput: boolean;
  /** `rope_freqs.weight`, [headWidth / 2]: what Llama 3.1 and later divide their rotary frequencies by. */
  readonly ropeFactors?: Float32Array;
}

/**
 * @param file - named in errors
 * @throws InputError for an architecture or a variant that is not read, or where a size is missing
 */
export function settingsOfMetadata(
  metadata: Metadata,
  facts: TensorFacts,
  file: string,
): LanguageModelSettings {
  const architecture = metadata.get('general.architecture');
  if (!isArchitecture(architecture))
    throw new InputError(
      `is of architecture "${architecture}"; those that can be tuned: ${ARCHITECTURES.join(', ')} (use "kind": "gguf" to write with any other)`,
      { file },
    );
  const value = (key: string) => metadata.get(`${architecture}.${key}`);
  const optional = (key: string): number | undefined => {
    const found = value(key);
    if (found === undefined || typeof found === 'number') return found;
    throw new InputError(`metadata "${architecture}.${key}" should be one number`, { file });
  };
  const number = (key: string): number => {
    const found = optional(key);
    if (found !== undefined) return found;
    throw new InputError(`lacks the metadata "${architecture}.${key}"`, { file });
  };
  if (optional('expert_count'))
    throw new InputError(`is a mixture of ${optional('expert_count')} experts, which is not read`, { file });

  const [width, heads] = [number('embedding_length'), number('attention.head_count')];
  const headWidth = optional('attention.key_length') ?? optional('rope.dimension_count') ?? width / heads;
  const layers = number('block_count');
  const scaling = scalingOf(metadata, architecture, facts, headWidth, file);
  const rope = { theta: optional('rope.freq_base') ?? 10_000, ...(scaling && { scaling }) };
  const common = {
    architecture,
    vocabularySize: facts.vocabularySize,
    width,
    layers,
    heads,
    keyValueHeads: optional('attention.head_count_kv') ?? heads,
    headWidth,
    feedForwardWidth: number('feed_forward_length'),
    // 1e-6 in single precision is 9.99999997e-7.
    normEpsilon: Number(number('attention.layer_norm_rms_epsilon').toPrecision(7)),
    maxPositions: number('context_length'),
    tiedEmbeddings: !facts.hasOutput,
  };
  if (architecture !== 'gemma3') return { ...common, rope };

  if (optional('final_logit_softcapping'))
    throw new InputError('caps its logits (final_logit_softcapping), which is not read', { file });
  const slidingWindow = optional('attention.sliding_window');
  const pattern = value('attention.sliding_window_pattern') ?? GEMMA3_PATTERN;
  return {
    ...common,
    rope: { ...rope, localTheta: optional('rope.freq_base_swa') ?? GEMMA3_LOCAL_THETA },
    ...(slidingWindow && {
      slidingWindow,
      localLayers: Array.isArray(pattern) ? pattern.map(Boolean) : localLayersOf(layers, Number(pattern)),
    }),
    // Gemma3's 27B, told by its layers as llama.cpp does, scales by the width of the model over its heads.
    ...(layers === 62 && { queryScale: (width / heads) ** -0.5 }),
  };
}

const isArchitecture = (value: unknown): value is Architecture =>
  ARCHITECTURES.includes(value as Architecture);

function scalingOf(
  metadata: Metadata,
  architecture: Architecture,
  { ropeFactors }: TensorFacts,
  headWidth: number,
  file: string,
): RopeScaling | undefined {
  const theta = Number(metadata.get(`${architecture}.rope.freq_base`) ?? 10_000);
  if (ropeFactors) {
    // The factors alone are kept; all models so far were made with these parameters.
    const scaling: RopeScaling = {
      kind: 'llama3',
      factor: Math.max(...ropeFactors),
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 8192,
    };
    const made = llama3Factors(scaling, theta, headWidth);
    const same =
      made.length === ropeFactors.length &&
      made.every((f, i) => Math.abs(f / (ropeFactors[i] as number) - 1) < 1e-3);
    if (same) return scaling;
    throw new InputError(
      'its rotary factors (rope_freqs.weight) are not those of Llama 3, others are not read',
      { file },
    );
  }
  const kind = metadata.get(`${architecture}.rope.scaling.type`) ?? 'none';
  const factor = Number(metadata.get(`${architecture}.rope.scaling.factor`) ?? 1);
  if (kind === 'none' || factor === 1) return undefined;
  if (kind === 'linear') return { kind, factor };
  throw new InputError(`scales its rotary positions by "${kind}"; linear and llama3 are read`, { file });
}

/** What Llama 3 divides each rotary frequency by, [headWidth / 2]. */
export function llama3Factors(scaling: RopeScaling, theta: number, headWidth: number): Float32Array {
  const plain = ropeFrequencies({ headWidth, rope: { theta } });
  const scaled = ropeFrequencies({ headWidth, rope: { theta, scaling } });
  return Float32Array.from(plain, (frequency, i) => frequency / (scaled[i] as number));
}

/** The metadata of a model, of the tokenizer's apart; the inverse of `settingsOfMetadata`. */
export function metadataOfSettings(settings: LanguageModelSettings): [string, Field][] {
  const { architecture, rope, headWidth } = settings;
  const u32 = (key: string, value: number): [string, Field] => [
    `${architecture}.${key}`,
    { type: 'u32', value },
  ];
  const f32 = (key: string, value: number): [string, Field] => [
    `${architecture}.${key}`,
    { type: 'f32', value },
  ];
  const fields: [string, Field][] = [
    ['general.architecture', { type: 'string', value: architecture }],
    ['general.type', { type: 'string', value: 'model' }],
    u32('block_count', settings.layers),
    u32('context_length', settings.maxPositions),
    u32('embedding_length', settings.width),
    u32('feed_forward_length', settings.feedForwardWidth),
    u32('attention.head_count', settings.heads),
    u32('attention.head_count_kv', settings.keyValueHeads),
    f32('attention.layer_norm_rms_epsilon', settings.normEpsilon),
    u32('attention.key_length', headWidth),
    u32('attention.value_length', headWidth),
    u32('rope.dimension_count', headWidth),
    f32('rope.freq_base', rope.theta),
    u32('vocab_size', settings.vocabularySize),
  ];
  if (rope.scaling?.kind === 'linear')
    fields.push(
      [`${architecture}.rope.scaling.type`, { type: 'string', value: 'linear' }],
      f32('rope.scaling.factor', rope.scaling.factor),
    );
  const { slidingWindow, localLayers } = settings;
  if (slidingWindow === undefined || !localLayers) return fields;
  fields.push(u32('attention.sliding_window', slidingWindow));
  // Written only where not the default: older readers know these keys in other forms.
  const usual = localLayersOf(settings.layers, GEMMA3_PATTERN);
  if (localLayers.some((local, layer) => local !== usual[layer]))
    fields.push([`${architecture}.attention.sliding_window_pattern`, { type: 'bools', value: localLayers }]);
  if (rope.localTheta !== undefined && rope.localTheta !== GEMMA3_LOCAL_THETA)
    fields.push(f32('rope.freq_base_swa', rope.localTheta));
  return fields;
}
