/** A model's sizes and variants from and to `config.json`. */
import * as z from 'zod';
import { InputError } from '../../../../errors.js';
import {
  ARCHITECTURES,
  type Architecture,
  type LanguageModelSettings,
  type RopeScaling,
} from '../../settings.js';
import { GEMMA3_LOCAL_THETA, GEMMA3_PATTERN, localLayersOf } from '../gemma3.js';

const count = z.int().positive();
const positive = z.number().positive();

const ropeParameters = z.looseObject({
  rope_type: z.string().optional(),
  type: z.string().optional(),
  rope_theta: positive.optional(),
  factor: positive.optional(),
  low_freq_factor: positive.optional(),
  high_freq_factor: positive.optional(),
  original_max_position_embeddings: count.optional(),
});
type RopeParameters = z.output<typeof ropeParameters>;

const endIds = z.union([z.int(), z.array(z.int())]).nullish();

const configFile = z.looseObject({
  vocab_size: count,
  hidden_size: count,
  num_hidden_layers: count,
  num_attention_heads: count,
  num_key_value_heads: count.nullish(),
  head_dim: count.nullish(),
  intermediate_size: count,
  rms_norm_eps: positive,
  max_position_embeddings: count,
  tie_word_embeddings: z.boolean().optional(),
  rope_theta: positive.optional(),
  rope_local_base_freq: positive.optional(),
  rope_scaling: ropeParameters.nullish(),
  /** Transformers 5 writes all of the rotary settings here; Gemma3 one block for each kind of layer. */
  rope_parameters: z
    .looseObject({ full_attention: ropeParameters.optional(), sliding_attention: ropeParameters.optional() })
    .nullish(),
  sliding_window: count.nullish(),
  sliding_window_pattern: z.int().nonnegative().nullish(),
  layer_types: z.array(z.string()).nullish(),
  query_pre_attn_scalar: positive.nullish(),
  eos_token_id: endIds,
  hidden_act: z.string().optional(),
  hidden_activation: z.string().optional(),
  attention_bias: z.boolean().optional(),
  mlp_bias: z.boolean().optional(),
  use_sliding_window: z.boolean().optional(),
  attn_logit_softcapping: z.number().nullish(),
  final_logit_softcapping: z.number().nullish(),
  quantization_config: z.unknown().optional(),
});
type ConfigFile = z.output<typeof configFile>;

/** What a Gemma3 file leaves out (Gemma3TextConfig of https://github.com/huggingface/transformers). */
const GEMMA3_DEFAULTS = {
  vocab_size: 262_208,
  hidden_size: 2304,
  intermediate_size: 9216,
  num_hidden_layers: 26,
  num_attention_heads: 8,
  num_key_value_heads: 4,
  head_dim: 256,
  rms_norm_eps: 1e-6,
  max_position_embeddings: 131_072,
  tie_word_embeddings: true,
  rope_theta: 1_000_000,
  query_pre_attn_scalar: 256,
  sliding_window: 4096,
};

/** The same for the others. */
const DEFAULTS = { rms_norm_eps: 1e-6, tie_word_embeddings: false, rope_theta: 10_000 };

const MODEL_TYPES: Readonly<Record<string, Architecture>> = {
  llama: 'llama',
  qwen2: 'qwen2',
  qwen3: 'qwen3',
  gemma3: 'gemma3',
  gemma3_text: 'gemma3',
};

export interface ModelConfig {
  readonly settings: LanguageModelSettings;
  /** Tokens that end an answer. */
  readonly endIds: readonly number[];
}

/**
 * @param content - of `config.json`
 * @param file - named in errors
 * @throws InputError for an architecture or variant that is not read, or a size that is missing or wrong
 */
export function settingsOfConfig(content: unknown, file: string): ModelConfig {
  const outer = z.looseObject({ model_type: z.string(), eos_token_id: endIds }).safeParse(content);
  if (!outer.success)
    throw new InputError('has no "model_type"; expected the config.json of a language model', { file });
  const architecture = MODEL_TYPES[outer.data.model_type];
  if (!architecture)
    throw new InputError(
      `is of architecture "${outer.data.model_type}"; those that can be tuned: ${ARCHITECTURES.join(', ')}`,
      { file },
    );
  // Models that see images too keep the language model's settings apart.
  const text = (outer.data.text_config as object | undefined) ?? outer.data;
  const defaults = architecture === 'gemma3' ? GEMMA3_DEFAULTS : DEFAULTS;
  const parsed = configFile.safeParse({ ...defaults, ...text });
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(issue?.message ?? 'is not valid', { file, field: issue?.path.join('.') });
  }
  const config = parsed.data;
  refuseVariants(config, architecture, file);
  return {
    settings:
      architecture === 'gemma3' ? gemmaSettings(config, file) : plainSettings(config, architecture, file),
    endIds: [outer.data.eos_token_id ?? config.eos_token_id ?? []].flat(),
  };
}

function refuseVariants(config: ConfigFile, architecture: Architecture, file: string): void {
  const refuse = (field: string, problem: string) => {
    throw new InputError(problem, { file, field });
  };
  const activation = config.hidden_activation ?? config.hidden_act;
  const expected = architecture === 'gemma3' ? 'gelu_pytorch_tanh' : 'silu';
  if (activation !== undefined && activation !== expected)
    refuse('hidden_act', `is "${activation}"; ${architecture} is read with "${expected}"`);
  if (config.attention_bias && architecture !== 'qwen2')
    refuse('attention_bias', 'is true, which is not read');
  if (config.mlp_bias) refuse('mlp_bias', 'is true, which is not read');
  if (config.use_sliding_window) refuse('use_sliding_window', 'is true, which is not read');
  if (config.attn_logit_softcapping) refuse('attn_logit_softcapping', 'is set, which is not read');
  if (config.final_logit_softcapping) refuse('final_logit_softcapping', 'is set, which is not read');
  if (config.quantization_config)
    refuse('quantization_config', 'is set; quantised weights are read from GGUF files only');
}

function plainSettings(config: ConfigFile, architecture: Architecture, file: string): LanguageModelSettings {
  const headWidth = config.head_dim ?? config.hidden_size / config.num_attention_heads;
  if (!Number.isInteger(headWidth / 2))
    throw new InputError(
      `has ${config.num_attention_heads} heads for a width of ${config.hidden_size}: heads must have an even width`,
      { file, field: 'num_attention_heads' },
    );
  const keyValueHeads = config.num_key_value_heads ?? config.num_attention_heads;
  if (config.num_attention_heads % keyValueHeads !== 0)
    throw new InputError(`is ${keyValueHeads}; it must divide the ${config.num_attention_heads} heads`, {
      file,
      field: 'num_key_value_heads',
    });
  const rope = config.rope_parameters?.full_attention ?? ropeParameters.parse(config.rope_parameters ?? {});
  const scaling = scalingOf(config.rope_scaling ?? rope, file);
  return {
    architecture,
    vocabularySize: config.vocab_size,
    width: config.hidden_size,
    layers: config.num_hidden_layers,
    heads: config.num_attention_heads,
    keyValueHeads,
    headWidth,
    feedForwardWidth: config.intermediate_size,
    normEpsilon: config.rms_norm_eps,
    maxPositions: config.max_position_embeddings,
    tiedEmbeddings: config.tie_word_embeddings ?? false,
    rope: { theta: rope.rope_theta ?? config.rope_theta ?? DEFAULTS.rope_theta, ...(scaling && { scaling }) },
  };
}

function gemmaSettings(config: ConfigFile, file: string): LanguageModelSettings {
  const plain = plainSettings(config, 'gemma3', file);
  const localLayers =
    config.layer_types?.map((type) => type === 'sliding_attention') ??
    localLayersOf(plain.layers, config.sliding_window_pattern ?? GEMMA3_PATTERN);
  if (localLayers.length !== plain.layers)
    throw new InputError(`has ${localLayers.length} entries for ${plain.layers} layers`, {
      file,
      field: 'layer_types',
    });
  const localTheta =
    config.rope_parameters?.sliding_attention?.rope_theta ??
    config.rope_local_base_freq ??
    GEMMA3_LOCAL_THETA;
  const scalar = config.query_pre_attn_scalar ?? plain.headWidth;
  return {
    ...plain,
    rope: { ...plain.rope, localTheta },
    ...(config.sliding_window &&
      localLayers.some(Boolean) && { slidingWindow: config.sliding_window, localLayers }),
    ...(scalar !== plain.headWidth && { queryScale: scalar ** -0.5 }),
  };
}

function scalingOf(rope: RopeParameters, file: string): RopeScaling | undefined {
  const kind = rope.rope_type ?? rope.type ?? 'default';
  if (kind === 'default') return undefined;
  const { factor } = rope;
  if ((kind === 'linear' || kind === 'llama3') && factor !== undefined)
    return kind === 'linear'
      ? { kind, factor }
      : {
          kind,
          factor,
          lowFrequencyFactor: rope.low_freq_factor ?? 1,
          highFrequencyFactor: rope.high_freq_factor ?? 4,
          originalPositions: rope.original_max_position_embeddings ?? 8192,
        };
  throw new InputError(`is "${kind}" with factor ${factor}; linear and llama3 are read`, {
    file,
    field: 'rope_scaling',
  });
}

/** Names that `transformers` asks for. */
const CLASSES: Readonly<Record<Architecture, readonly [type: string, name: string]>> = {
  llama: ['llama', 'LlamaForCausalLM'],
  qwen2: ['qwen2', 'Qwen2ForCausalLM'],
  qwen3: ['qwen3', 'Qwen3ForCausalLM'],
  gemma3: ['gemma3_text', 'Gemma3ForCausalLM'],
};

/** The content of a `config.json`; the inverse of `settingsOfConfig`. */
export function configOfSettings(
  settings: LanguageModelSettings,
  endIds: readonly number[],
  numbers: 'F32' | 'F16' | 'BF16',
): Record<string, unknown> {
  const [type, name] = CLASSES[settings.architecture];
  const { rope, localLayers } = settings;
  const { scaling } = rope;
  const gemma = settings.architecture === 'gemma3';
  return {
    architectures: [name],
    model_type: type,
    torch_dtype: { F32: 'float32', F16: 'float16', BF16: 'bfloat16' }[numbers],
    vocab_size: settings.vocabularySize,
    hidden_size: settings.width,
    num_hidden_layers: settings.layers,
    num_attention_heads: settings.heads,
    num_key_value_heads: settings.keyValueHeads,
    head_dim: settings.headWidth,
    intermediate_size: settings.feedForwardWidth,
    rms_norm_eps: settings.normEpsilon,
    max_position_embeddings: settings.maxPositions,
    tie_word_embeddings: settings.tiedEmbeddings,
    ...(gemma ? { hidden_activation: 'gelu_pytorch_tanh' } : { hidden_act: 'silu' }),
    rope_theta: rope.theta,
    ...(scaling && {
      rope_scaling: {
        rope_type: scaling.kind,
        factor: scaling.factor,
        ...(scaling.kind === 'llama3' && {
          low_freq_factor: scaling.lowFrequencyFactor ?? 1,
          high_freq_factor: scaling.highFrequencyFactor ?? 4,
          original_max_position_embeddings: scaling.originalPositions ?? 8192,
        }),
      },
    }),
    ...(gemma && {
      rope_local_base_freq: rope.localTheta ?? GEMMA3_LOCAL_THETA,
      query_pre_attn_scalar:
        settings.queryScale === undefined ? settings.headWidth : settings.queryScale ** -2,
      sliding_window: settings.slidingWindow ?? settings.maxPositions,
      layer_types: Array.from({ length: settings.layers }, (_, layer) =>
        localLayers?.[layer] ? 'sliding_attention' : 'full_attention',
      ),
    }),
    ...(endIds.length > 0 && { eos_token_id: endIds }),
  };
}
