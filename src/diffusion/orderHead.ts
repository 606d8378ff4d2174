/**
 * The order of a set's items. A set has none, yet what is shown first counts most, and a policy that learns by such a reward chooses the
 * surest items first. So beside the rows each candidate gets a score s_i by which the items of its sets come one after another, learnt as
 * Plackett-Luce (Xia et al. 2008, "Listwise approach to learning to rank", ICML; `ListMLE`) over the candidates that are left:
 *
 *   p(c_t | c_1 .. c_(t-1)) = softmax over i not in {c_1 .. c_(t-1)} of s_i, at c_t
 *
 * It reads what a pointer reads before anything is chosen, needs no denoising, and may answer alone (`choose/sampling.ts`).
 */
import { type Initializer, lecunNormal, ops, type Value, zeros } from '../engine/index.js';
import type { AnchorInputs } from './anchorHead.js';

const { add, matmul, mul } = ops;

/** Width of projected vectors, and of what is known of a candidate. Wider ones learn training queries by heart. */
const [PROJECTED, HIDDEN] = [16, 32];
/** How much the vectors count at first beside the sources. */
const OF_VECTORS = 0.3;
/** Scores of candidates differ by several nats; weights which start at zero are there sooner so. */
const SLOPE = 4;
/** What came before does not come again. */
const TAKEN = -1e9;

/** Scores [queries, 1, candidates]. @param condition the queries' embeddings [queries, dz] */
export function orderScores({ vectors, features }: AnchorInputs, condition: Value): Value {
  const [queries, , d] = vectors.shape;
  const weight = (name: string, dims: readonly number[], init: Initializer = lecunNormal) =>
    vectors.graph.parameter(`order.${name}.weight`, dims, init);
  const sources = features.shape[2] as number;
  const own = matmul(vectors, weight('item', [d as number, PROJECTED]));
  const asked = matmul(condition, weight('query', [condition.shape[1] as number, PROJECTED]));
  // Projected unit vectors have a variance of 1 / d; the product of two is brought to that of one source.
  const together = mul(
    mul(ops.reshape(asked, [queries, 1, PROJECTED]), own),
    (OF_VECTORS * (d as number)) / Math.sqrt(PROJECTED),
  );
  const vectorsSay = add(
    matmul(together, weight('together', [PROJECTED, HIDDEN])),
    mul(matmul(own, weight('own', [PROJECTED, HIDDEN])), OF_VECTORS),
  );
  const sourcesSay = add(
    matmul(features, weight('sources', [sources, HIDDEN])),
    vectors.graph.parameter('order.sources.bias', [HIDDEN], zeros),
  );
  const scores = add(
    matmul(ops.silu(add(sourcesSay, vectorsSay)), weight('base', [HIDDEN, 1], zeros)),
    matmul(features, weight('direct', [sources, 1], zeros)),
  );
  return ops.transpose(mul(scores, SLOPE), [0, 2, 1]);
}

/**
 * Negative log-likelihood of each set's order, nats a row, [batch].
 *
 * @param scores [batch, 1, candidates]
 * @param earlier 1 for the candidates that came before each row, [batch, rows, candidates]
 * @param labels the candidate of each row, int32 [batch, rows, 1]
 */
export function orderLoss(scores: Value, earlier: Value, labels: Value): Value {
  const logProbs = ops.logSoftmax(add(scores, mul(earlier, TAKEN)));
  return ops.neg(ops.mean(ops.gatherLast(logProbs, labels), [1, 2]));
}
