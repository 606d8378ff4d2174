/** Choosing a set item by item, outside the graph: a place costs one product a item. */
import type { RepeatLog } from '../../candidates/repeats.js';
import type { Parameters } from '../../engine/index.js';
import { type PointerConfig, STATE, STATE_WIDTH } from './model.js';

/** What `readItems` says of one query's candidates. */
export interface QueryItems {
  /** [candidates]. */
  readonly base: Float32Array;
  /** [candidates, STATE_WIDTH]. */
  readonly keys: Float32Array;
  readonly values: Float32Array;
}

export interface ChooseOptions {
  /** 0 takes the likeliest item at every place. */
  readonly temperature: number;
  /** Numbers in [0, 1); needed above temperature 0. */
  readonly uniform: () => number;
  /** Items wanted (k); the places after the k-th are chosen as that one is. */
  readonly wanted?: number;
  /** Follows the kinds of the first k, which then are less likely. */
  readonly repeats?: RepeatLog;
}

export interface ChosenSet {
  /** Places among the candidates in the order they were chosen; fewer than wanted where there are fewer. */
  readonly places: Int32Array;
  /** Natural-log probability of each choice at the temperature (at 0: at 1), [k]. */
  readonly logProbs: Float32Array;
  /** Entropy in nats of the distribution each was drawn from, [k]. */
  readonly entropies: Float32Array;
}

/** Chooses one set. */
export function choose(
  { base, keys, values }: QueryItems,
  { k }: Pick<PointerConfig, 'k'>,
  parameters: Parameters,
  { temperature, uniform, wanted = k, repeats }: ChooseOptions,
): ChosenSet {
  const place = parameters.get(STATE.place)!.data;
  const mix = parameters.get(STATE.mix)!.data;
  const sums = new Float64Array(STATE_WIDTH);
  const candidates = base.length;
  const open = new Uint8Array(candidates).fill(1);
  const size = Math.min(wanted, candidates);
  const chosen = {
    places: new Int32Array(size),
    logProbs: new Float32Array(size),
    entropies: new Float32Array(size),
  };
  const logits = new Float64Array(candidates);
  for (let t = 0; t < size; t++) {
    const at = Math.min(t, k - 1) * STATE_WIDTH;
    const state = stateOf(sums, place.subarray(at, at + STATE_WIDTH), mix);
    fillLogits(logits, open, { base, keys }, state);
    if (repeats && t < k) for (let i = 0; i < candidates; i++) logits[i] += repeats.penalties[i];
    const { item, logProb, entropy } = draw(logits, open, temperature, uniform);
    chosen.places[t] = item;
    chosen.logProbs[t] = logProb;
    chosen.entropies[t] = entropy;
    open[item] = 0;
    repeats?.take(item);
    for (let j = 0; j < STATE_WIDTH; j++) sums[j] += values[item * STATE_WIDTH + j];
  }
  return chosen;
}

/** What each open item's logit is but for repeats: with its own number, the product of its key and the state. */
function fillLogits(
  logits: Float64Array,
  open: Uint8Array,
  { base, keys }: Pick<QueryItems, 'base' | 'keys'>,
  state: Float64Array,
): void {
  for (let i = 0; i < logits.length; i++) {
    if (open[i] === 0) continue;
    // Four sums that do not wait for each other, as in `dot`; no function of its own, whose numbers would be objects.
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    const start = i * STATE_WIDTH;
    for (let j = 0; j < STATE_WIDTH; j += 4) {
      sum0 += state[j] * keys[start + j];
      sum1 += state[j + 1] * keys[start + j + 1];
      sum2 += state[j + 2] * keys[start + j + 2];
      sum3 += state[j + 3] * keys[start + j + 3];
    }
    logits[i] = base[i] + (sum0 + sum1 + (sum2 + sum3));
  }
}

function stateOf(sums: Float64Array, place: Float32Array, mix: Float32Array): Float64Array {
  const state = new Float64Array(STATE_WIDTH);
  for (let i = 0; i < STATE_WIDTH; i++) {
    const x = Math.tanh(sums[i] + place[i]);
    for (let j = 0; j < STATE_WIDTH; j++) state[j] += x * mix[i * STATE_WIDTH + j];
  }
  return state;
}

/** One item of the softmax over those that are open. */
function draw(
  logits: Float64Array,
  open: Uint8Array,
  temperature: number,
  uniform: () => number,
): { item: number; logProb: number; entropy: number } {
  const scale = temperature > 0 ? 1 / temperature : 1;
  let best = -1;
  for (let i = 0; i < open.length; i++) if (open[i] !== 0 && (best < 0 || logits[i] > logits[best])) best = i;
  let total = 0;
  let weighted = 0;
  for (let i = 0; i < open.length; i++) {
    if (open[i] === 0) continue;
    const x = (logits[i] - logits[best]) * scale;
    const p = Math.exp(x);
    total += p;
    weighted += p * x;
  }
  let item = best;
  if (temperature > 0) {
    let rest = uniform() * total;
    for (let i = 0; i < open.length && rest >= 0; i++) {
      if (open[i] === 0) continue;
      item = i;
      rest -= Math.exp((logits[i] - logits[best]) * scale);
    }
  }
  const logProb = (logits[item] - logits[best]) * scale - Math.log(total);
  return { item, logProb, entropy: Math.log(total) - weighted / total };
}
