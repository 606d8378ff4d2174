/** What is remembered of training queries: who is near whom, and what their sets have. Also loaded by browsers. */
import { type ItemSets, itemSets, sumsOfWeights } from '../baselines/itemSets.js';
import { withConstant } from '../encode/ridgeSmoother.js';
import { type LinearMap, plainMap } from '../linearMap.js';
import { type Matrix, normalizeRows, row, transposed, type VectorTable } from '../matrix.js';
import { bestOf } from '../ranking.js';
import { setMeans } from '../setMeans.js';

/** Training queries with their sets, and the ridge classifier that was fitted to them. Plain data. */
export interface RememberedSets {
  /** Unit rows [n, d]. */
  readonly vectors: Matrix;
  readonly references: readonly (readonly number[])[];
  /** See `Classifier`, [n, d + 1]. */
  readonly smoother: Matrix;
  /** The catalog's unit vectors, [items, d]. */
  readonly catalog: VectorTable;
}

/** What the memory says of items for one query, by position in `items`. */
export interface Remembered {
  /** What the ridge classifier says. */
  readonly classifier: Float64Array;
  /** The share of the nearest training queries' weight, squared cosines, whose sets have the item: for each number of neighbours. */
  readonly votes: readonly Float64Array[];
  /** Where the classifier expects the set to lie: the mean of what training sets' means weigh, of unit length or zero, [d]. */
  readonly center: Float32Array;
}

/** How many neighbours vote. */
export const NEIGHBOURS = [3, 10, 30] as const;

/** It may hold native memory: `release` it when done. */
export class SetMemory {
  readonly #sets: ItemSets;
  readonly #position: ReadonlyMap<number, number>;
  readonly #queries: Int32Array;
  /** The logarithm of the share of training sets that have an item, by position in `items`. */
  readonly logPopularity: Float64Array;
  /** That of an item that no set has. */
  readonly leastLogPopularity: number;
  /** Rows of items that are in any set, the commonest first. */
  readonly popular: Int32Array;

  /** @param maps by the matrices of `memoryMatrices`; released with the memory */
  constructor(
    { references }: Pick<RememberedSets, 'references'>,
    private readonly maps: Of<LinearMap>,
  ) {
    this.#sets = itemSets(references);
    const { items } = this.#sets;
    this.#position = new Map(Array.from(items, (item, i) => [item, i]));
    const n = references.length;
    this.#queries = Int32Array.from({ length: n }, (_, i) => i);
    const counts = Float32Array.from(sumsOfWeights(this.#sets, new Float64Array(n).fill(1)));
    this.logPopularity = Float64Array.from(counts, (count) => Math.log((count + 1) / n));
    this.leastLogPopularity = -Math.log(n);
    this.popular = this.best(counts, items.length);
  }

  /** Without native memory, where there is none; see `compiledMemory`. */
  static plain(sets: RememberedSets): SetMemory {
    const { cosines, weights, centers } = memoryMatrices(sets);
    return new SetMemory(sets, {
      cosines: plainMap(cosines),
      weights: plainMap(weights),
      centers: plainMap(centers),
    });
  }

  /** Where the memory's arrays speak of an item; undefined for one that no set has. */
  positionOf(item: number): number | undefined {
    return this.#position.get(item);
  }

  /**
   * Rows of the items with the highest of the given scores, one a position.
   *
   * @param mask one byte a row of the catalog, 1 = may be among them (all)
   */
  best(scores: Float32Array, k: number, mask?: Uint8Array): Int32Array {
    const { items } = this.#sets;
    const all = Int32Array.from(items.keys());
    const positions = mask ? all.filter((position) => mask[items[position]] !== 0) : all;
    return bestOf(positions, scores, k).items.map((position) => items[position]);
  }

  /** @param queries unit rows [n, d] */
  async recall(queries: Matrix): Promise<Remembered[]> {
    const cosines = await this.maps.cosines.apply(queries);
    const weights = await this.maps.weights.apply(withConstant(queries));
    const centers = normalizeRows(await this.maps.centers.apply(weights));
    const n = this.#queries.length;
    return Array.from({ length: queries.rows }, (_, q) => ({
      classifier: sumsOfWeights(this.#sets, weights.data.subarray(q * n, (q + 1) * n)),
      votes: this.#votes(cosines.data.subarray(q * n, (q + 1) * n)),
      center: row(centers, q),
    }));
  }

  #votes(cosines: Float32Array): Float64Array[] {
    const { starts, members, items } = this.#sets;
    const nearest = bestOf(this.#queries, cosines, NEIGHBOURS.at(-1)!);
    return NEIGHBOURS.map((count) => {
      const scores = new Float64Array(items.length);
      let total = 0;
      for (let r = 0; r < Math.min(count, nearest.items.length); r++) {
        const query = nearest.items[r];
        const weight = Math.max(0, nearest.scores[r]) ** 2;
        total += weight;
        for (let i = starts[query]; i < starts[query + 1]; i++) scores[members[i]] += weight;
      }
      return total > 0 ? scores.map((score) => score / total) : scores;
    });
  }

  async release(): Promise<void> {
    for (const map of Object.values(this.maps)) await map.release?.();
  }
}

/** One for each product that the memory makes. */
interface Of<T> {
  /** Query vectors to cosines with the training queries. */
  readonly cosines: T;
  /** Query vectors, each with a constant 1, to weights of the training sets. */
  readonly weights: T;
  /** Weights to where the set is expected. */
  readonly centers: T;
}

export const memoryMatrices = ({ vectors, smoother, references, catalog }: RememberedSets): Of<Matrix> => ({
  cosines: vectors,
  weights: smoother,
  centers: transposed(setMeans(references, catalog)),
});
