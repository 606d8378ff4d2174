/**
 * What a small network knows of a query's candidates before any is chosen: what the sources say of each, its vector, and its vector
 * beside the query's. The pointer begins with it, and the set diffusion's order is it.
 */
import { type Initializer, lecunNormal, ops, type Value, zeros } from '../engine/index.js';

const { add, matmul, mul } = ops;

/** Width of projected vectors, and of what is known of a candidate. Wider ones learn training queries by heart. */
export const [PROJECTED, HIDDEN] = [16, 32];
/** How much the vectors count at first beside the sources: little, for they are what is learnt by heart. */
export const OF_VECTORS = 0.3;

export interface CandidateInputs {
  /** Unit rows [queries, candidates, d]. */
  readonly vectors: Value;
  /** What the sources say of each, standardised, [queries, candidates, sources]. */
  readonly sources: Value;
  /** The queries' embeddings [queries, d]. */
  readonly query: Value;
}

export interface KnownCandidates {
  /** Their projected vectors, [queries, candidates, PROJECTED]. */
  readonly own: Value;
  /** [queries, candidates, HIDDEN]. */
  readonly known: Value;
  /** A score of each, 0 before training, [queries, candidates, 1]. */
  readonly score: Value;
}

/** @param name what the names of the parameters begin with */
export function knownCandidates(
  { vectors, sources: said, query }: CandidateInputs,
  name = '',
): KnownCandidates {
  const { graph } = vectors;
  const weight = (part: string, dims: readonly number[], init: Initializer = lecunNormal) =>
    graph.parameter(`${name}${part}.weight`, dims, init);
  const [queries, , d] = vectors.shape;
  const dimension = d as number;
  const sources = said.shape[2] as number;
  const own = matmul(vectors, weight('item', [dimension, PROJECTED]));
  const asked = matmul(query, weight('query', [query.shape[1] as number, PROJECTED]));
  // Projected unit vectors have a variance of 1 / d; the product of two is brought to that of one source.
  const together = mul(
    mul(ops.reshape(asked, [queries, 1, PROJECTED]), own),
    (OF_VECTORS * dimension) / Math.sqrt(PROJECTED),
  );
  const vectorsSay = add(
    matmul(together, weight('together', [PROJECTED, HIDDEN])),
    mul(matmul(own, weight('own', [PROJECTED, HIDDEN])), OF_VECTORS),
  );
  const sourcesSay = add(
    matmul(said, weight('sources', [sources, HIDDEN])),
    graph.parameter(`${name}sources.bias`, [HIDDEN], zeros),
  );
  const known = ops.silu(add(sourcesSay, vectorsSay));
  const score = add(
    matmul(known, weight('base', [HIDDEN, 1], zeros)),
    matmul(said, weight('direct', [sources, 1], zeros)),
  );
  return { own, known, score };
}
