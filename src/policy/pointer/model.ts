/**
 * A policy that chooses items instead of writing words: a pointer network (Vinyals, Fortunato & Jaitly 2015, arXiv 1506.03134) over
 * a query's candidates. Each item is read once a query: what the sources say of it. A place of
 * the set then costs one product of all items' keys with the state, which is the sum of what was chosen so far (as in Deep Sets, Zaheer
 * et al. 2017, arXiv 1703.06114):
 *
 *   logit_t(i) = base_i + key_i . tanh(sum_(j < t) value_(c_j) + place_t) W
 */
import { HIDDEN, knownCandidates } from '../../candidates/network.js';
import { Graph, lecunNormal, normal, ops, type Value, zeros } from '../../engine/index.js';

const { add, gatherLast, logSoftmax, matmul, mul, reshape, tanh } = ops;

/** Sizes. Plain JSON. */
export interface PointerConfig {
  /** k: items of a set. */
  readonly k: number;
  /** Numbers that the sources say of an item. */
  readonly sources: number;
}

/** Width of keys and states; wider ones learn training sets by heart. */
const WIDTH = 16;

export const STATE_WIDTH = WIDTH;

/** What is known of every candidate of each query before any is chosen. */
export interface ReadItems {
  /** [queries, 1, candidates]. */
  readonly base: Value;
  /** [queries, candidates, WIDTH]. */
  readonly keys: Value;
  readonly values: Value;
}

/** Reads the input `sources` [queries, candidates, sources], standardised. */
export function readItems(graph: Graph, { sources }: PointerConfig): ReadItems {
  const said = graph.input('sources', ['queries', 'candidates', sources]);
  const { known, score } = knownCandidates(said);
  const projected = (name: string) =>
    matmul(known, graph.parameter(`${name}.weight`, [HIDDEN, WIDTH], lecunNormal));
  return {
    base: ops.transpose(score, [0, 2, 1]),
    keys: projected('key'),
    values: projected('value'),
  };
}

/** Names of the parameters that a place of the set reads; see `choose`. */
export const STATE = { place: 'place.weight', mix: 'state.weight' } as const;
/** What was chosen before is not to be chosen again. */
const TAKEN = -1e9;

/**
 * Log-probabilities of the items chosen at every place of given sets, [queries, places]. Reads `taken` [queries, places, candidates], 1 for
 * what a place finds chosen already, `place` [queries, places, k], one-hot, and `targets` int32 [queries, places, 1].
 */
export function chosenLogProbs(
  graph: Graph,
  config: PointerConfig,
  { base, keys, values }: ReadItems,
): Value {
  const taken = graph.input('taken', ['queries', 'places', 'candidates']);
  const place = graph.input('place', ['queries', 'places', config.k]);
  const sums = add(
    matmul(taken, values),
    matmul(place, graph.parameter(STATE.place, [config.k, WIDTH], zeros)),
  );
  const state = matmul(tanh(sums), graph.parameter(STATE.mix, [WIDTH, WIDTH], normal(0.02)));
  const logits = add(add(base, matmul(state, keys, { transB: true })), mul(taken, TAKEN));
  const targets = graph.input('targets', ['queries', 'places', 1], 'int32');
  return reshape(gatherLast(logSoftmax(logits), targets), ['queries', 'places']);
}

/** A graph with every parameter of the model, and the input `weights` [queries, places], 1 where a set has an item. */
export function pointerGraph(config: PointerConfig): { graph: Graph; logProbs: Value; weights: Value } {
  const graph = new Graph();
  const logProbs = chosenLogProbs(graph, config, readItems(graph, config));
  return { graph, logProbs, weights: graph.input('weights', ['queries', 'places']) };
}
