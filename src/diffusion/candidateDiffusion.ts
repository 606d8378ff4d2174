/** The set retriever whose rows are candidates of the query (`anchorHead.ts`). */
import { fillUp } from '../baselines/fillUp.js';
import type { Standard } from '../candidates/candidates.js';
import { sourcesFeed, vectorsFeed } from '../candidates/feeds.js';
import type { CandidateRanker, RankCandidatesOptions } from '../candidates/reader.js';
import { ANY_REPEATS, bestWithoutRepeats } from '../candidates/repeats.js';
import type { Feeds, Tensor } from '../engine/session.js';
import { type Matrix, rowRange } from '../matrix.js';
import { bestOf } from '../ranking.js';
import type { DenoiserConfig } from './config.js';
import { Sessions } from './sessions.js';
import { SetNoise } from './setNoise.js';
import { checkSettings, type ModelSession } from './setSampler.js';

export interface CandidateDiffusionOptions {
  readonly config: DenoiserConfig;
  /** Steps of a request that does not say, and sets drawn for a query. */
  readonly steps: number;
  readonly draws: number;
  /** The model of so many steps (`candidateSamplerOnnx`; of none `candidateOrderOnnx`). */
  readonly load: (steps: number) => Promise<ModelSession>;
}

/** Rounding takes some inclusion probabilities below 0. */
const LEAST = 1e-9;

/** Queries denoised together: more would fall out of the cache. */
const QUERIES_PER_RUN = 8;

/**
 * Draws several sets for a query and answers with the items that are likeliest to be in one: an item's inclusion probability is
 * 1 - prod_rows (1 - p(row is the item)), its mean over the sets drawn. The sets that people would make for a query share their best
 * items; a single draw has some of its own. It holds the model: `release` it when done.
 */
export class CandidateDiffusion implements CandidateRanker {
  readonly kind = 'candidates';
  readonly standard: Standard;
  readonly #sessions: Sessions<number>;

  /** @throws RangeError for a model whose rows are no candidates */
  constructor(private readonly options: CandidateDiffusionOptions) {
    const { standard } = options.config;
    if (!standard) throw new RangeError('rows of this model are no candidates');
    this.standard = standard;
    this.#sessions = new Sessions(options.load);
  }

  /** Denoising steps of a request that does not say. */
  get steps(): number {
    return this.options.steps;
  }

  /**
   * Every query's candidates: the set of k first, in its order (`orderHead.ts`), then the others by how likely they are to be in a set.
   * With no steps at all, the order of the candidates alone.
   */
  async rank(options: RankCandidatesOptions): Promise<Int32Array[]> {
    const { read, rows, depth, steps = this.steps, repeats = ANY_REPEATS, signal } = options;
    checkSettings({ steps: steps === 0 ? 1 : steps, rows, guidance: 0 });
    const { size } = read;
    const queries = read.vectors.rows;
    if (size === 0) return Array.from({ length: queries }, () => new Int32Array());
    const session = await this.#sessions.get(steps);
    const all = Int32Array.from({ length: size }, (_, i) => i);
    const rankings: Int32Array[] = [];
    for (let start = 0; start < queries; start += QUERIES_PER_RUN) {
      signal?.throwIfAborted();
      const end = Math.min(start + QUERIES_PER_RUN, queries);
      const result = await session.run(this.#feeds(options, start, end, steps));
      const order = result.order.data as Float32Array;
      const likely = steps > 0 ? this.#logMeanOf(result.inclusion, end - start, size) : order;
      for (let q = start; q < end; q++) {
        const at = (q - start) * size;
        const own = read.items.subarray(q * size, (q + 1) * size);
        const worth = likely.subarray(at, at + size);
        const set = bestWithoutRepeats(own, worth, rows, repeats);
        const inOrder = bestWithoutRepeats(
          set.map((place) => own[place]),
          Float32Array.from(set, (place) => order[at + place]),
          rows,
          repeats,
        ).map((i) => set[i]);
        const places = depth > rows ? fillUp(inOrder, bestOf(all, worth, size).items, depth) : inOrder;
        rankings.push(places.map((place) => own[place]));
      }
    }
    return rankings;
  }

  #feeds(options: RankCandidatesOptions, start: number, end: number, steps: number): Feeds {
    const { read, vectors } = options;
    const rows = Array.from({ length: end - start }, (_, i) => start + i);
    const features = sourcesFeed(read, rows);
    if (steps === 0) return { features };
    const condition = rowRange(read.vectors, start, end);
    return {
      features,
      anchors: vectorsFeed(read, rows, vectors),
      condition: { data: condition.data, dims: [condition.rows, condition.cols] },
      noise: this.#noise(options, condition, start),
    };
  }

  /** Standard normals for the sets of each query. */
  #noise({ rows, seed = 0, streams }: RankCandidatesOptions, conditions: Matrix, start: number): Tensor {
    const { config, draws } = this.options;
    const sets = conditions.rows * draws;
    const data = new Float32Array(sets * rows * config.dimension);
    const stream = streams && ((i: number) => streams[start + i]);
    new SetNoise({ conditions, candidates: draws, seed, stream }).fillNormal(data);
    return { data, dims: [sets, rows, config.dimension] };
  }

  /** Logarithm of the mean of the inclusion probabilities over a query's draws, [queries, size]. */
  #logMeanOf(inclusion: Tensor, queries: number, size: number): Float32Array {
    const { draws } = this.options;
    const drawn = inclusion.data as Float32Array;
    const mean = new Float32Array(queries * size);
    for (let q = 0; q < queries; q++)
      for (let draw = 0; draw < draws; draw++) {
        const at = (q * draws + draw) * size;
        for (let i = 0; i < size; i++) mean[q * size + i] += drawn[at + i] / draws;
      }
    return mean.map((p) => Math.log(Math.max(p, LEAST)));
  }

  async release(): Promise<void> {
    await this.#sessions.release();
  }
}
