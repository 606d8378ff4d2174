/** Low-rank adapters (Hu et al. 2021, arXiv 2106.09685): a frozen matrix W [out, in] acts as W + (alpha / rank) B A. */
import { type Initializer, ops, type Value, zeros } from '../../engine/index.js';
import type { CounterRandom } from '../../random.js';

/** The matrices of a block that can have an adapter. */
export const LORA_TARGETS = [
  'q_proj',
  'k_proj',
  'v_proj',
  'o_proj',
  'gate_proj',
  'up_proj',
  'down_proj',
] as const;
export type LoraTarget = (typeof LORA_TARGETS)[number];

/** Plain JSON. */
export interface LoraSettings {
  readonly rank: number;
  /** The adapter's product is scaled by alpha / rank. */
  readonly alpha: number;
  readonly targets: readonly LoraTarget[];
}

/** Names of a matrix's adapter, those of PEFT without their prefix `base_model.model.`. */
export const loraNames = (weight: string): { readonly A: string; readonly B: string } => {
  const stem = weight.replace(/\.weight$/, '');
  return { A: `${stem}.lora_A.weight`, B: `${stem}.lora_B.weight` };
};

/** U(-1/sqrt(in), 1/sqrt(in)), as PEFT fills A; with B zero the adapter begins as nothing. */
const uniform: Initializer = (out, [, fanIn], random) => {
  // An initialiser's stream is a CounterRandom (see `initialize`).
  (random as CounterRandom).fillUniform(out);
  const bound = 1 / Math.sqrt(fanIn);
  for (let i = 0; i < out.length; i++) out[i] = (2 * out[i] - 1) * bound;
};

/** What the adapter of `weight` adds to x W^T: x [..., in] -> [..., out]. */
export function lowRank(x: Value, weight: string, out: number, { rank, alpha }: LoraSettings): Value {
  const names = loraNames(weight);
  const down = x.graph.parameter(names.A, [rank, x.shape[x.rank - 1] as number], uniform);
  const up = x.graph.parameter(names.B, [out, rank], zeros);
  const inner = ops.matmul(x, down, { transB: true });
  return ops.matmul(inner, up, { transB: true, alpha: alpha / rank });
}
