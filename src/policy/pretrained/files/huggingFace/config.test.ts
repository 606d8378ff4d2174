import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from '../../settings.js';
import { tinySettings } from '../testing/tinyModel.js';
import { configOfSettings, settingsOfConfig } from './config.js';

const FILE = 'm/config.json';
const read = (config: object) => settingsOfConfig(config, FILE);

/** SmolLM2-135M's. */
const SMOL = {
  model_type: 'llama',
  hidden_act: 'silu',
  hidden_size: 576,
  intermediate_size: 1536,
  max_position_embeddings: 8192,
  num_attention_heads: 9,
  num_hidden_layers: 30,
  num_key_value_heads: 3,
  rms_norm_eps: 1e-5,
  rope_scaling: null,
  rope_theta: 100_000,
  tie_word_embeddings: true,
  vocab_size: 49_152,
  eos_token_id: 2,
};

it('reads a small Llama', () => {
  expect(read(SMOL)).toEqual({
    settings: {
      architecture: 'llama',
      vocabularySize: 49_152,
      width: 576,
      layers: 30,
      heads: 9,
      keyValueHeads: 3,
      headWidth: 64,
      feedForwardWidth: 1536,
      normEpsilon: 1e-5,
      maxPositions: 8192,
      tiedEmbeddings: true,
      rope: { theta: 100_000 },
    },
    endIds: [2],
  });
});

const LLAMA3 = {
  factor: 32,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 8192,
  rope_type: 'llama3',
};

it('reads rotary settings as transformers 4 and 5 write them', () => {
  const rope = {
    theta: 500_000,
    scaling: {
      kind: 'llama3',
      factor: 32,
      lowFrequencyFactor: 1,
      highFrequencyFactor: 4,
      originalPositions: 8192,
    },
  };
  expect(read({ ...SMOL, rope_theta: 500_000, rope_scaling: LLAMA3 }).settings.rope).toEqual(rope);
  const { rope_theta: _, rope_scaling: __, ...rest } = SMOL;
  expect(read({ ...rest, rope_parameters: { ...LLAMA3, rope_theta: 500_000 } }).settings.rope).toEqual(rope);
});

/** The language model of Gemma3 4B: its file leaves out what is the default. */
const GEMMA_4B = {
  model_type: 'gemma3',
  eos_token_id: [1, 106],
  text_config: {
    hidden_size: 2560,
    intermediate_size: 10_240,
    model_type: 'gemma3_text',
    num_hidden_layers: 34,
    rope_scaling: { factor: 8, rope_type: 'linear' },
    sliding_window: 1024,
  },
};

it('fills in what files of Gemma3 leave out', () => {
  const { settings, endIds } = read(GEMMA_4B);
  expect(endIds).toEqual([1, 106]);
  expect(settings).toMatchObject({
    vocabularySize: 262_208,
    heads: 8,
    keyValueHeads: 4,
    headWidth: 256,
    tiedEmbeddings: true,
    slidingWindow: 1024,
    rope: { theta: 1_000_000, localTheta: 10_000, scaling: { kind: 'linear', factor: 8 } },
  });
  expect(settings.localLayers?.slice(0, 7)).toEqual([true, true, true, true, true, false, true]);
  expect(settings.queryScale).toBeUndefined();
});

it("reads Gemma3's variants: a query scale, kinds of layers, rotary settings for each", () => {
  const text = {
    ...GEMMA_4B.text_config,
    num_hidden_layers: 2,
    query_pre_attn_scalar: 168,
    layer_types: ['full_attention', 'sliding_attention'],
    rope_scaling: undefined,
    rope_parameters: {
      full_attention: { rope_type: 'default', rope_theta: 2_000_000 },
      sliding_attention: { rope_type: 'default', rope_theta: 20_000 },
    },
  };
  const { settings } = read({ ...GEMMA_4B, text_config: text });
  expect(settings.queryScale).toBeCloseTo(168 ** -0.5, 12);
  expect(settings.localLayers).toEqual([false, true]);
  expect(settings.rope).toEqual({ theta: 2_000_000, localTheta: 20_000 });
});

it.each(ARCHITECTURES)('reads what it writes: %s', (architecture) => {
  const settings = tinySettings(architecture);
  expect(read(configOfSettings(settings, [7, 8], 'F32'))).toEqual({ settings, endIds: [7, 8] });
});

describe('one line says what is not read', () => {
  const gemma = (change: object) => ({ ...GEMMA_4B, text_config: { ...GEMMA_4B.text_config, ...change } });
  it.each([
    [
      { ...SMOL, model_type: 'mamba' },
      'is of architecture "mamba"; those that can be tuned: llama, qwen2, qwen3, gemma3',
    ],
    [{ vocab_size: 3 }, 'has no "model_type"; expected the config.json of a language model'],
    [
      { ...SMOL, hidden_size: undefined },
      'field "hidden_size": Invalid input: expected number, received undefined',
    ],
    [{ ...SMOL, num_attention_heads: 7 }, 'field "num_attention_heads": has 7 heads for a width of 576'],
    [{ ...SMOL, num_key_value_heads: 4 }, 'field "num_key_value_heads": is 4; it must divide the 9 heads'],
    [
      { ...SMOL, rope_scaling: { type: 'yarn', factor: 4 } },
      'field "rope_scaling": is "yarn" with factor 4; linear and llama3',
    ],
    [{ ...SMOL, hidden_act: 'gelu' }, 'field "hidden_act": is "gelu"; llama is read with "silu"'],
    [{ ...SMOL, attention_bias: true }, 'field "attention_bias": is true, which is not read'],
    [{ ...SMOL, use_sliding_window: true }, 'field "use_sliding_window": is true'],
    [{ ...SMOL, quantization_config: { bits: 4 } }, 'quantised weights are read from GGUF files only'],
    [gemma({ final_logit_softcapping: 30 }), 'field "final_logit_softcapping": is set, which is not read'],
    [gemma({ layer_types: ['full_attention'] }), 'field "layer_types": has 1 entries for 34 layers'],
  ])('%#: %j', (config, message) => {
    expect(() => read(config)).toThrow(`${FILE}: `);
    expect(() => read(config)).toThrow(message);
  });
});
