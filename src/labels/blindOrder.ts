import { normalizeKey } from '../catalog/normalizeKey.js';
import { CounterRandom } from '../random.js';

/** Two things in an order that seed and query decide: the same again when the work goes on, and each as often on the left. */
export function blindOrder<T>(pair: readonly [T, T], seed: number, query: string): [T, T] {
  const [a, b] = pair;
  const isSwapped = new CounterRandom(seed, 'label/order', normalizeKey(query)).integer(2) === 1;
  return isSwapped ? [b, a] : [a, b];
}
