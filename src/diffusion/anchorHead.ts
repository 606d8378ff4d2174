/**
 * The output head for sets whose rows are known vectors, anchors: here the candidates of each query.
 *
 * EDM preconditioning is exact for data N(0, sd^2): the network only corrects that guess, and would have to learn by heart where the
 * catalog's vectors are. Anchored preconditioning does the same for a mixture of the anchors a_i. The posterior of anchor i given a
 * row x = a + sigma * noise is known up to its prior, and only that is left to the network, which sees the query, the other rows and,
 * in the prior w_i, what the sources say of the candidate:
 *
 *   p_i ~ exp(a_i . (x / sigma^2 + h) + w_i),    D = sum_i p_i a_i
 *
 * D is the Bayes denoiser if p is the posterior of the row's anchor, which is learnt by cross entropy (as in Dieleman et al. 2022,
 * "Continuous diffusion for categorical data", arXiv 2211.15089).
 */
import { lecunNormal, ones, ops, type Value, zeros } from '../engine/index.js';
import { besideQuery } from './besideQuery.js';
import type { DenoiserConfig } from './config.js';
import type { DenoiserInputs, LossInputs } from './denoiser.js';
import { orderLoss, orderScores } from './orderHead.js';
import { preconditioned } from './transformer.js';

const { add, matmul, mul } = ops;

/** A query's candidates. */
export interface CandidateInputs {
  /** Unit rows [queries, candidates, d]. */
  readonly vectors: Value;
  /** What the sources say of each, standardised, [queries, candidates, sources]. */
  readonly sources: Value;
}

/** Candidates with what is known of them before any row is looked at, [queries, 1, candidates] each. */
export interface Anchors extends CandidateInputs {
  /** How likely each is to be in the set, as a logit. */
  readonly prior: Value;
  /** By which the items of a set come one after another. */
  readonly order: Value;
}

const PRIOR_WIDTH = 32;

/** The prior is an MLP of what the sources say. */
export function anchorsOf(inputs: CandidateInputs): Anchors {
  const { sources } = inputs;
  const { graph, shape } = sources;
  const size = shape[2] as number;
  const weight = (name: string, dims: readonly number[], init = zeros) =>
    graph.parameter(`prior.${name}`, dims, init);
  const hidden = ops.silu(
    add(
      matmul(sources, weight('in.weight', [size, PRIOR_WIDTH], lecunNormal)),
      weight('in.bias', [PRIOR_WIDTH]),
    ),
  );
  const logits = add(
    matmul(hidden, weight('out.weight', [PRIOR_WIDTH, 1])),
    matmul(sources, weight('direct.weight', [size, 1])),
  );
  return { ...inputs, prior: ops.transpose(logits, [0, 2, 1]), order: orderScores(sources) };
}

/** How likely each anchor is for each row, as logits, [batch, rows, candidates]. */
function logits(config: DenoiserConfig, inputs: DenoiserInputs, { vectors, prior }: Anchors): Value {
  const { x, sigma, condition } = inputs;
  const { vote } = condition;
  const h = preconditioned(config, inputs);
  const own = vote ? besideQuery(h, vote, (rows) => add(rows, vote)) : h;
  // Below sigma = 0.01 the anchor is certain anyway, and larger quotients would only lose digits.
  const evidence = add(ops.div(x, ops.maximum(ops.square(sigma), 1e-4)), own);
  const near = besideQuery(evidence, vectors, (rows) => add(matmul(rows, vectors, { transB: true }), prior));
  return excludeTaken(near, x.graph.parameter('exclusion', [1], ones));
}

/** The denoised rows, in the shape of `x`, and how likely each anchor is for each row, [batch, rows, candidates]. */
export function denoiseAnchored(
  config: DenoiserConfig,
  inputs: DenoiserInputs,
  anchors: Anchors,
): { clean: Value; posterior: Value } {
  const posterior = ops.softmax(logits(config, inputs, anchors));
  const clean = besideQuery(posterior, anchors.vectors, (rows) => matmul(rows, anchors.vectors));
  return { clean, posterior };
}

/** Cross entropy of each set's rows and of their order, nats a row, [batch]. @param earlier see `orderLoss` */
export function anchoredLoss(
  config: DenoiserConfig,
  inputs: LossInputs,
  anchors: Anchors,
  labels: Value,
  earlier: Value,
): Value {
  const { clean, noise, sigma } = inputs;
  const x = add(clean, mul(noise, sigma));
  const logProbs = ops.logSoftmax(logits(config, { ...inputs, x }, anchors));
  const ofRows = ops.neg(ops.mean(ops.gatherLast(logProbs, labels), [1, 2]));
  return add(ofRows, orderLoss(anchors.order, earlier, labels));
}

/**
 * Lowers a row's logits for anchors that other rows of the set claim: given independent posteriors p_j, the others leave
 * anchor a free with probability prod_(j != i) (1 - p_j(a)). The learned `strength` is near 1 for sets without
 * repetition and falls where they repeat themselves. Cross entropy alone teaches this slowly: a collision is rare.
 */
export function excludeTaken(logits: Value, strength: Value): Value {
  // The margin bounds what one sure row can do to another: a factor of 1e-4.
  const free = ops.log(ops.sub(1.0001, ops.softmax(logits)));
  const others = ops.sub(ops.sum(free, [1], true), free);
  return ops.add(logits, ops.mul(others, strength));
}

/** How likely each anchor is to be in a set, [batch, candidates]: 1 - prod_rows (1 - p(row is the anchor)). */
export const inclusionOf = (posterior: Value): Value =>
  ops.sub(1, ops.exp(ops.sum(ops.log(ops.sub(1.0001, posterior)), [1])));
