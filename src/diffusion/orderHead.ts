/**
 * The order of a set's items. A set has none, yet what is shown first counts most, and a policy that learns by such a reward chooses the
 * surest items first. So beside the rows each candidate gets a score s_i by which the items of its sets come one after another, learnt as
 * Plackett-Luce (Xia et al. 2008, "Listwise approach to learning to rank", ICML; `ListMLE`) over the candidates that are left:
 *
 *   p(c_t | c_1 .. c_(t-1)) = softmax over i not in {c_1 .. c_(t-1)} of s_i, at c_t
 *
 * It reads what the pointer reads before anything is chosen, needs no denoising, and may answer alone (`choose/sampling.ts`).
 */
import { knownCandidates } from '../candidates/network.js';
import { ops, type Value } from '../engine/index.js';

const { add, mul } = ops;

/** Scores of candidates differ by several nats; weights which start at zero are there sooner so. */
const SLOPE = 4;
/** What came before does not come again. */
const TAKEN = -1e9;

/**
 * Scores [queries, 1, candidates].
 *
 * @param sources what the sources say of each, [queries, candidates, sources]
 */
export const orderScores = (sources: Value): Value =>
  ops.transpose(mul(knownCandidates(sources, 'order.').score, SLOPE), [0, 2, 1]);

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
