/** What GGUF files do otherwise than those of Hugging Face: names, the order of rotated rows, Gemma's norms. */
import type { LanguageModelSettings } from '../../settings.js';

const WHOLE: Readonly<Record<string, string>> = {
  'model.embed_tokens.weight': 'token_embd.weight',
  'model.norm.weight': 'output_norm.weight',
  'lm_head.weight': 'output.weight',
};

const IN_LAYER: Readonly<Record<string, string>> = {
  input_layernorm: 'attn_norm',
  'self_attn.q_proj': 'attn_q',
  'self_attn.k_proj': 'attn_k',
  'self_attn.v_proj': 'attn_v',
  'self_attn.o_proj': 'attn_output',
  'self_attn.q_norm': 'attn_q_norm',
  'self_attn.k_norm': 'attn_k_norm',
  post_attention_layernorm: 'ffn_norm',
  'mlp.gate_proj': 'ffn_gate',
  'mlp.up_proj': 'ffn_up',
  'mlp.down_proj': 'ffn_down',
};

/** Gemma norms what leaves the attention and the feed-forward network too. */
const IN_GEMMA_LAYER: Readonly<Record<string, string>> = {
  ...IN_LAYER,
  post_attention_layernorm: 'post_attention_norm',
  pre_feedforward_layernorm: 'ffn_norm',
  post_feedforward_layernorm: 'post_ffw_norm',
};

type Sizes = Pick<LanguageModelSettings, 'architecture' | 'heads' | 'keyValueHeads' | 'headWidth'>;

/** The name in GGUF of a tensor of Hugging Face's name. */
export function ggufName(name: string, { architecture }: Pick<Sizes, 'architecture'>): string {
  const whole = WHOLE[name];
  if (whole) return whole;
  const parts = /^model\.layers\.(\d+)\.(.+)\.(weight|bias)$/.exec(name);
  const inLayer = (architecture === 'gemma3' ? IN_GEMMA_LAYER : IN_LAYER)[parts?.[2] ?? ''];
  if (!parts || !inLayer) throw new RangeError(`GGUF has no name for tensor "${name}"`);
  return `blk.${parts[1]}.${inLayer}.${parts[3]}`;
}

/** The file's numbers in the convention of Hugging Face; those of matrices may be reordered, of norms be changed in place. */
export const fromGguf = (name: string, values: Float32Array, sizes: Sizes): Float32Array =>
  convert(name, values, sizes, false);

/** The inverse of `fromGguf`. */
export const toGguf = (name: string, values: Float32Array, sizes: Sizes): Float32Array =>
  convert(name, values, sizes, true);

/**
 * Llama's rotated pairs are (i, i + width / 2) of a head at Hugging Face and (2 i, 2 i + 1) in GGUF. Gemma's norms multiply by
 * 1 + weight at Hugging Face and by the weight in GGUF.
 */
function convert(name: string, values: Float32Array, sizes: Sizes, write: boolean): Float32Array {
  if (sizes.architecture === 'gemma3' && name.endsWith('norm.weight'))
    return values.map((value) => (write ? value + 1 : value - 1));
  const rotated = sizes.architecture === 'llama' && /self_attn\.([qk])_proj\./.exec(name);
  if (!rotated) return values;
  const rows = (rotated[1] === 'q' ? sizes.heads : sizes.keyValueHeads) * sizes.headWidth;
  const half = sizes.headWidth / 2;
  const columns = values.length / rows;
  const out = new Float32Array(values.length);
  for (let row = 0; row < rows; row++) {
    const head = Math.floor(row / sizes.headWidth) * sizes.headWidth;
    const [side, pair] = [Math.floor((row - head) / half), (row - head) % half];
    const gguf = head + pair * 2 + side;
    const [from, to] = write ? [row, gguf] : [gguf, row];
    out.set(values.subarray(from * columns, (from + 1) * columns), to * columns);
  }
  return out;
}
