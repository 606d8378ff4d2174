/** What is remembered of training queries: who is near whom, and what their sets have. Also loaded by browsers. */
import { type ItemSets, itemSets, sumsOfWeights } from '../baselines/itemSets.js';
import { withConstant } from '../encode/ridgeSmoother.js';
import { dot, type Matrix, matrix, normalizeRows, row, transposed, type VectorTable } from '../matrix.js';
import { bestOf, type Ranking } from '../ranking.js';
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
export const MOST_NEIGHBOURS = NEIGHBOURS[2];

/** What is asked of a memory's matrices, for some queries at once. */
export interface Products {
  /** Cosines with the training queries, [q, n]. */
  readonly cosines: Matrix;
  /** Weights of the training sets, [q, n]. */
  readonly weights: Matrix;
  /** Where the sets are expected, not yet of unit length, [q, d]. */
  readonly centers: Matrix;
}

/** Makes these products. */
export interface ProductsOf {
  of(queries: Matrix): Promise<Products>;
  /** Frees native memory, where it holds any. Twice is as good as once. */
  release?(): Promise<void>;
}

/** It may hold native memory: `release` it when done. */
export class SetMemory {
  readonly #sets: ItemSets;
  /** By row of the catalog; -1 for an item that no set has, as for all rows behind the last. */
  readonly #position: Int32Array;
  readonly #positions: Int32Array;
  readonly #queries: Int32Array;
  /** Found by a recall, and often asked for afterwards. */
  readonly #nearest = new WeakMap<Matrix, readonly Ranking[]>();
  /** The logarithm of the share of training sets that have an item, by position in `items`. */
  readonly logPopularity: Float64Array;
  /** That of an item that no set has. */
  readonly leastLogPopularity: number;
  /** Rows of items that are in any set, the commonest first. */
  readonly popular: Int32Array;

  /** @param products of these sets; released with the memory */
  constructor(
    { references }: Pick<RememberedSets, 'references'>,
    private readonly products: ProductsOf,
  ) {
    this.#sets = itemSets(references);
    const { items } = this.#sets;
    this.#position = new Int32Array((items.at(-1) ?? -1) + 1).fill(-1);
    items.forEach((item, i) => {
      this.#position[item] = i;
    });
    const n = references.length;
    this.#positions = Int32Array.from(items.keys());
    this.#queries = Int32Array.from(references.keys());
    const counts = Float32Array.from(sumsOfWeights(this.#sets, new Float64Array(n).fill(1)));
    this.logPopularity = Float64Array.from(counts, (count) => Math.log((count + 1) / n));
    this.leastLogPopularity = -Math.log(n);
    this.popular = this.best(counts, items.length);
  }

  /** Without native memory, where there is none; see `compiledMemory`. */
  static plain(sets: RememberedSets): SetMemory {
    return new SetMemory(sets, plainProducts(sets));
  }

  /** Where the memory's arrays speak of an item; undefined for one that no set has. */
  positionOf(item: number): number | undefined {
    const position = this.#position[item] ?? -1;
    return position < 0 ? undefined : position;
  }

  /**
   * Rows of the items with the highest of the given scores, one a position.
   *
   * @param mask one byte a row of the catalog, 1 = may be among them (all)
   */
  best(scores: Float32Array, k: number, mask?: Uint8Array): Int32Array {
    const { items } = this.#sets;
    const all = this.#positions;
    const positions = mask ? all.filter((position) => mask[items[position]] !== 0) : all;
    return bestOf(positions, scores, k).items.map((position) => items[position]);
  }

  /** @param queries unit rows [n, d] */
  async recall(queries: Matrix): Promise<Remembered[]> {
    const { cosines, weights, centers } = await this.products.of(queries);
    normalizeRows(centers);
    const nearest = this.#nearestBy(cosines);
    this.#nearest.set(queries, nearest);
    return nearest.map((ranking, q) => ({
      classifier: sumsOfWeights(this.#sets, row(weights, q)),
      votes: this.#votes(ranking),
      center: row(centers, q),
    }));
  }

  /**
   * The training queries nearest to each query, by their numbers and with their cosines: as many as vote.
   *
   * @param queries unit rows [n, d]; of the same ones that were recalled before, they are known
   */
  async nearest(queries: Matrix): Promise<readonly Ranking[]> {
    return this.#nearest.get(queries) ?? this.#nearestBy((await this.products.of(queries)).cosines);
  }

  #nearestBy(cosines: Matrix): Ranking[] {
    return Array.from({ length: cosines.rows }, (_, q) =>
      bestOf(this.#queries, row(cosines, q), MOST_NEIGHBOURS),
    );
  }

  #votes(nearest: Ranking): Float64Array[] {
    const { starts, members, items } = this.#sets;
    return NEIGHBOURS.map((count) => {
      const scores = new Float64Array(items.length);
      let total = 0;
      for (let r = 0; r < Math.min(count, nearest.items.length); r++) {
        const query = nearest.items[r];
        const weight = Math.max(0, nearest.scores[r]) ** 2;
        total += weight;
        for (let i = starts[query]; i < starts[query + 1]; i++) scores[members[i]] += weight;
      }
      if (total > 0) for (let i = 0; i < scores.length; i++) scores[i] /= total;
      return scores;
    });
  }

  async release(): Promise<void> {
    await this.products.release?.();
  }
}

function plainProducts({ vectors, smoother, references, catalog }: RememberedSets): ProductsOf {
  const means = transposed(setMeans(references, catalog));
  return {
    async of(queries) {
      const weights = plainProduct(withConstant(queries), smoother);
      return { cosines: plainProduct(queries, vectors), weights, centers: plainProduct(weights, means) };
    },
  };
}

/** The products of all rows with all rows, x [q, d] with m [n, d] -> [q, n]. */
function plainProduct(x: Matrix, m: Matrix): Matrix {
  const out = matrix(x.rows, m.rows);
  for (let q = 0; q < x.rows; q++) {
    const vector = row(x, q);
    for (let i = 0; i < m.rows; i++) out.data[q * m.rows + i] = dot(row(m, i), vector);
  }
  return out;
}
