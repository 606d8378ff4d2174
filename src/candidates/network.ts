/**
 * What a small network knows of a query's candidates before any is chosen, from what the sources say of each. The pointer begins with
 * it, and the set diffusion's order is it. It does not read the vectors: with some hundred training queries they are learnt by heart,
 * and on new queries sets get worse by them (docs/design.md).
 */
import { type Initializer, lecunNormal, ops, type Value, zeros } from '../engine/index.js';

const { add, matmul } = ops;

/** Width of what is known of a candidate. */
export const HIDDEN = 32;

export interface KnownCandidates {
  /** [queries, candidates, HIDDEN]. */
  readonly known: Value;
  /** A score of each, 0 before training, [queries, candidates, 1]. */
  readonly score: Value;
}

/**
 * @param said what the sources say, standardised, [queries, candidates, sources]
 * @param name what the names of the parameters begin with
 */
export function knownCandidates(said: Value, name = ''): KnownCandidates {
  const { graph } = said;
  const sources = said.shape[2] as number;
  const weight = (part: string, dims: readonly number[], init: Initializer = lecunNormal) =>
    graph.parameter(`${name}${part}.weight`, dims, init);
  const known = ops.silu(
    add(
      matmul(said, weight('sources', [sources, HIDDEN])),
      graph.parameter(`${name}sources.bias`, [HIDDEN], zeros),
    ),
  );
  const score = add(
    matmul(known, weight('base', [HIDDEN, 1], zeros)),
    matmul(said, weight('direct', [sources, 1], zeros)),
  );
  return { known, score };
}
