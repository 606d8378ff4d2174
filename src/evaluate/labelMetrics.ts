/** What a retrieved set is worth by labels: by which items belong to the query, and which aspects of it they show. */
import { InputError } from '../errors.js';

export interface LabelledSet {
  /** Row numbers (or any ids) in the order shown, distinct; what is beyond k is not looked at. */
  readonly retrieved: ArrayLike<number>;
  /** Row numbers of the reference set; not empty. */
  readonly reference: readonly number[];
  /** k: items looked at. */
  readonly k: number;
  /** Aspect of an item (category, slot, cluster ...), absent: every relevant item is its own aspect. */
  readonly aspectOf?: (item: number) => string | number | undefined;
}

/** Each 0 to 1, more is better. Relevant is what is in the reference set. */
export interface LabelMetrics {
  /** P@k: relevant items among the first k, over k, also where fewer than k were retrieved. */
  readonly precisionAtK: number;
  /** Recall@k: share of the reference items among the first k; at most k / |reference|. */
  readonly recallAtK: number;
  /** Hit@k: 1 if one of the first k is relevant, else 0. */
  readonly hitAtK: number;
  /**
   * S-recall@k: share of the reference items' aspects which the relevant ones among the first k show (Zhai, Cohen &
   * Lafferty, SIGIR 2003).
   */
  readonly sRecallAtK: number;
  /**
   * alpha-nDCG@k, alpha = 0.5 (Clarke et al., SIGIR 2008): the first relevant item of an aspect earns 1, the next half, the
   * one after a quarter; an item at rank r counts 1 / log2(1 + r). 1 is the best order that the reference items allow.
   */
  readonly alphaNdcgAtK: number;
  /** nDCG@k: the same with every relevant item earning 1 (Järvelin & Kekäläinen, TOIS 2002). */
  readonly ndcgAtK: number;
  /**
   * AP@k; its mean over queries is MAP: the precision at each relevant item of the first k, summed, over |reference|. So it
   * divides, as trec_eval's map_cut and ranx do, by all that is relevant, and is at most k / |reference| where k is smaller.
   */
  readonly averagePrecisionAtK: number;
}

/** An aspect's next relevant item earns 1 - alpha times what the one before did. */
const ALPHA = 0.5;

/**
 * Measures one retrieved set by its reference set. The figures are those of trec_eval and of TREC's ndeval.
 *
 * An item that is not in the reference set earns nothing, whatever its aspect; it only takes up a rank, and so does a repeated item.
 * A relevant item without aspect (`aspectOf` gives undefined) is an aspect of its own.
 *
 * @throws InputError if the reference set is empty or k is not a whole number from 1
 *
 * @example
 * const shown = [4, 7, 9, 2];
 * const kinds = new Map([[4, 'cake'], [9, 'cake'], [5, 'balloon'], [8, 'card']]);
 * const { precisionAtK, sRecallAtK } = labelMetrics({
 *   retrieved: shown,
 *   reference: [4, 5, 8, 9],
 *   k: 4,
 *   aspectOf: (item) => kinds.get(item),
 * });
 * // precisionAtK 0.5: two of four belong. sRecallAtK 0.333: both are cake, one of three kinds.
 */
export function labelMetrics({ retrieved, reference, k, aspectOf }: LabelledSet): LabelMetrics {
  if (reference.length === 0)
    throw new InputError('is empty; label metrics need at least one relevant item', { field: 'reference' });
  if (!Number.isInteger(k) || k < 1)
    throw new InputError(`is ${k}; give a whole number of items, at least 1`, { field: 'k' });
  // A fresh symbol equals nothing else: the aspect of an item that has none.
  const aspects = new Map(reference.map((item) => [item, aspectOf?.(item) ?? Symbol()]));
  const unseen = new Map(aspects);
  const shown = new Counter<string | number | symbol>();
  const sums = { relevant: 0, dcg: 0, alphaDcg: 0, precision: 0 };
  for (let i = 0; i < Math.min(k, retrieved.length); i++) {
    const aspect = unseen.get(retrieved[i]);
    if (aspect === undefined) continue;
    unseen.delete(retrieved[i]);
    sums.relevant++;
    sums.dcg += discount(i);
    sums.alphaDcg += gain(shown.add(aspect)) * discount(i);
    sums.precision += sums.relevant / (i + 1);
  }
  return {
    precisionAtK: sums.relevant / k,
    recallAtK: sums.relevant / aspects.size,
    hitAtK: sums.relevant > 0 ? 1 : 0,
    sRecallAtK: shown.size / new Set(aspects.values()).size,
    alphaNdcgAtK: sums.alphaDcg / idealAlphaDcg([...aspects.values()], k),
    ndcgAtK: sums.dcg / idealAlphaDcg([...aspects.keys()], k),
    averagePrecisionAtK: sums.precision / aspects.size,
  };
}

/**
 * alpha-DCG@k of the best order of items with these aspects. In general only a greedy order is affordable; with one
 * aspect an item it is the best one, and simply the gains from the largest down.
 */
function idealAlphaDcg(aspects: readonly (string | number | symbol)[], k: number): number {
  const shown = new Counter<string | number | symbol>();
  const gains = aspects.map((aspect) => gain(shown.add(aspect))).sort((a, b) => b - a);
  return gains.slice(0, k).reduce((sum, g, i) => sum + g * discount(i), 0);
}

const gain = (before: number): number => (1 - ALPHA) ** before;

/** @param i position from 0 */
const discount = (i: number): number => 1 / Math.log2(i + 2);

class Counter<T> {
  readonly #counts = new Map<T, number>();

  get size(): number {
    return this.#counts.size;
  }

  /** Counts one more; returns how many there were before. */
  add(key: T): number {
    const before = this.#counts.get(key) ?? 0;
    this.#counts.set(key, before + 1);
    return before;
  }
}
