/** Training batches, assembled on the host. */
import { type Matrix, row, type VectorTable } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { fillSigmas, type LogNormal } from './schedule.js';

/** Sets to learn from (docs/paper.md, Synthesis); `m` sets of `rows.length / m` rows. */
export interface DiffusionData {
  /** Query embeddings z_q, [n, dz]. */
  readonly conditions: Matrix;
  /** Query of each set, [m]. */
  readonly queryOf: Int32Array;
  /** Row numbers of all sets in `table`, [m * L]: of items or sub-queries, those chosen first before the others. */
  readonly rows: Int32Array;
  /** The vectors that sets are made of, [u, d], unit rows. */
  readonly table: VectorTable;
}

export interface BatchOptions {
  readonly data: DiffusionData;
  readonly batchSize: number;
  readonly noise: LogNormal;
  /** Probability of a set to lose its query. */
  readonly conditionDropout: number;
  readonly seed: number;
  /** Anchor of each row of each set, [m * L], where the model has anchors. */
  readonly labels?: Int32Array;
}

/** One batch of `b` sets; the buffers are filled again for the next. */
export interface Batch {
  /** [b, L, d]. */
  readonly clean: Float32Array;
  /** Standard normals [b, L, d]. */
  readonly noise: Float32Array;
  /** [b]. */
  readonly sigma: Float32Array;
  /** Numbers of the queries, [b]. */
  readonly queries: Int32Array;
  /** [b, dz]. */
  readonly condition: Float32Array;
  /** 1 where the query is kept, 0 where it is dropped, [b]. */
  readonly kept: Float32Array;
  /** Anchors of the rows, [b, L]. */
  readonly labels: Int32Array;
  /** Place of each row in its set as that was given, [b, L]. */
  readonly places: Int32Array;
}

/**
 * The batch of any step. All its randomness comes from streams named by the step or the epoch, so it does not matter
 * which batches were made before. Every epoch is a new permutation of the sets; the rows of a set are permuted each time
 * it is seen, for they have no order.
 */
export function batcher(options: BatchOptions): (step: number) => Batch {
  const { data, batchSize: b, seed, labels } = options;
  const { conditions, queryOf, rows, table } = data;
  const sets = queryOf.length;
  const L = rows.length / sets;
  const { cols: d } = table;
  const { cols: dz } = conditions;
  const batch = {
    clean: new Float32Array(b * L * d),
    noise: new Float32Array(b * L * d),
    sigma: new Float32Array(b),
    queries: new Int32Array(b),
    condition: new Float32Array(b * dz),
    kept: new Float32Array(b),
    labels: new Int32Array(b * L),
    places: new Int32Array(b * L),
  };
  let epoch = -1;
  let order: Int32Array = new Int32Array();
  const setAt = (position: number) => {
    const wanted = Math.floor(position / sets);
    if (wanted !== epoch) {
      epoch = wanted;
      order = new CounterRandom(seed, 'diffusion/epoch', epoch).permutation(sets);
    }
    return order[position % sets];
  };
  const members = new Int32Array(L);
  return (step) => {
    new CounterRandom(seed, 'diffusion/noise', step).fillNormal(batch.noise);
    fillSigmas(batch.sigma, new CounterRandom(seed, 'diffusion/sigma', step), options.noise);
    const random = new CounterRandom(seed, 'diffusion/batch', step);
    for (let i = 0; i < b; i++) {
      const set = setAt(step * b + i);
      for (let j = 0; j < L; j++) members[j] = set * L + j;
      random.shuffle(members);
      members.forEach((member, j) => {
        batch.clean.set(row(table, rows[member]), (i * L + j) * d);
        batch.labels[i * L + j] = labels?.[member] ?? 0;
        batch.places[i * L + j] = member - set * L;
      });
      const query = queryOf[set];
      batch.queries[i] = query;
      batch.condition.set(conditions.data.subarray(query * dz, (query + 1) * dz), i * dz);
      batch.kept[i] = random.uniform() < options.conditionDropout ? 0 : 1;
    }
    return batch;
  };
}
