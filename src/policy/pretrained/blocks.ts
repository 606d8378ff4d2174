/**
 * Decoder-only transformers as graph code, one for all families: Llama (Touvron et al. 2023, arXiv 2302.13971), Qwen2 (biases on
 * queries, keys and values; arXiv 2407.10671), Qwen3 (queries and keys normalised; arXiv 2505.09388) and Gemma3's text model (four
 * norms a block with gains 1 + w, local and global layers, GeGLU; arXiv 2503.19786). Parameters have Hugging Face's names and shapes.
 */
import { type Graph, normal, ops, type Value, zeros } from '../../engine/index.js';
import { type LoraSettings, type LoraTarget, lowRank } from './lora.js';
import type { LanguageModelSettings } from './settings.js';

const { add, gather, geluTanh, matmul, mul, neg, reshape, rmsNorm, silu, split } = ops;

/** Cosines and sines of the tokens' positions, [batch, n or 1, 1, headWidth]. */
export interface Rotation {
  readonly cos: Value;
  readonly sin: Value;
}

/** Queries [batch, n, heads, headWidth], keys and values [batch, n, keyValueHeads, headWidth] -> [batch, n, heads * headWidth]. */
export type Attend = (layer: number, queries: Value, keys: Value, values: Value) => Value;

export interface DecoderInputs {
  /** int32 [batch, n]. */
  readonly tokens: Value;
  readonly rotation: Rotation;
  /** That of local layers, where they have one of their own. */
  readonly localRotation?: Rotation;
  readonly attend: Attend;
  readonly lora?: LoraSettings;
  /** Whether gradients compute each block once more, in place of keeping what it computed. */
  readonly recompute?: boolean;
}

export const isLocal = ({ localLayers }: LanguageModelSettings, layer: number): boolean =>
  localLayers?.[layer] ?? false;

const EMBEDDINGS = 'model.embed_tokens.weight';

const embeddings = (graph: Graph, { vocabularySize, width }: LanguageModelSettings): Value =>
  graph.parameter(EMBEDDINGS, [vocabularySize, width], normal(0.02));

/** x [..., in] -> [..., out]. */
function linear(x: Value, name: string, out: number, { bias = false, lora }: LinearOptions = {}): Value {
  const weight = x.graph.parameter(`${name}.weight`, [out, x.shape[x.rank - 1] as number], normal(0.02));
  let y = matmul(x, weight, { transB: true });
  if (bias) y = add(y, x.graph.parameter(`${name}.bias`, [out], zeros));
  const target = name.slice(name.lastIndexOf('.') + 1) as LoraTarget;
  return lora?.targets.includes(target) ? add(y, lowRank(x, `${name}.weight`, out, lora)) : y;
}

interface LinearOptions {
  readonly bias?: boolean;
  readonly lora?: LoraSettings;
}

/** Root-mean-square normalisation of the last axis; Gemma3 stores its gain less one. */
function norm(x: Value, name: string, { architecture, normEpsilon }: LanguageModelSettings): Value {
  const gain = x.graph.parameter(`${name}.weight`, [x.shape[x.rank - 1] as number], normal(0.1));
  return rmsNorm(x, architecture === 'gemma3' ? add(gain, 1) : gain, normEpsilon);
}

/** x [..., headWidth] turned by its position; the pairs are a head's first half with its second. */
function rotate(x: Value, { cos, sin }: Rotation): Value {
  const half = (x.shape[x.rank - 1] as number) / 2;
  const [first, second] = split(x, [half, half], -1);
  return add(mul(x, cos), mul(ops.concat([neg(second), first], -1), sin));
}

/** The network from tokens to its last norm, [batch, n, width]: what `logits` reads. */
export function decoder(settings: LanguageModelSettings, inputs: DecoderInputs): Value {
  const { architecture, width, layers } = settings;
  const { tokens, recompute } = inputs;
  let h = gather(embeddings(tokens.graph, settings), tokens);
  if (architecture === 'gemma3') h = mul(h, Math.sqrt(width));
  for (let layer = 0; layer < layers; layer++) {
    const build = () => block(h, layer, settings, inputs);
    h = recompute ? h.graph.recompute(build) : build();
  }
  return norm(h, 'model.norm', settings);
}

function block(h: Value, layer: number, settings: LanguageModelSettings, inputs: DecoderInputs): Value {
  const { architecture, width, feedForwardWidth } = settings;
  const { lora } = inputs;
  const gemma = architecture === 'gemma3';
  const name = `model.layers.${layer}`;
  const mixed = selfAttention(norm(h, `${name}.input_layernorm`, settings), layer, settings, inputs);
  const attended = add(h, gemma ? norm(mixed, `${name}.post_attention_layernorm`, settings) : mixed);
  const before = gemma ? 'pre_feedforward_layernorm' : 'post_attention_layernorm';
  const x = norm(attended, `${name}.${before}`, settings);
  const gate = linear(x, `${name}.mlp.gate_proj`, feedForwardWidth, { lora });
  const up = linear(x, `${name}.mlp.up_proj`, feedForwardWidth, { lora });
  const inner = mul(gemma ? geluTanh(gate) : silu(gate), up);
  const out = linear(inner, `${name}.mlp.down_proj`, width, { lora });
  return add(attended, gemma ? norm(out, `${name}.post_feedforward_layernorm`, settings) : out);
}

function selfAttention(
  x: Value,
  layer: number,
  settings: LanguageModelSettings,
  { rotation, localRotation, attend, lora }: DecoderInputs,
): Value {
  const { architecture, heads, keyValueHeads, headWidth, width } = settings;
  const name = `model.layers.${layer}.self_attn`;
  const [batch, n] = x.shape;
  const turn = isLocal(settings, layer) ? (localRotation ?? rotation) : rotation;
  const bias = architecture === 'qwen2';
  const normalised = architecture === 'qwen3' || architecture === 'gemma3';
  const project = (part: 'q' | 'k' | 'v', count: number) =>
    reshape(linear(x, `${name}.${part}_proj`, count * headWidth, { bias, lora }), [
      batch,
      n,
      count,
      headWidth,
    ]);
  const placed = (part: 'q' | 'k', count: number) => {
    const projected = project(part, count);
    return rotate(normalised ? norm(projected, `${name}.${part}_norm`, settings) : projected, turn);
  };
  const mixed = attend(layer, placed('q', heads), placed('k', keyValueHeads), project('v', keyValueHeads));
  return linear(mixed, `${name}.o_proj`, width, { lora });
}

/** Hidden states [..., width] -> logits [..., vocabularySize]. */
export function logits(settings: LanguageModelSettings, hidden: Value): Value {
  const { vocabularySize, width, tiedEmbeddings } = settings;
  const table = tiedEmbeddings
    ? embeddings(hidden.graph, settings)
    : hidden.graph.parameter('lm_head.weight', [vocabularySize, width], normal(0.02));
  return matmul(hidden, table, { transB: true });
}
