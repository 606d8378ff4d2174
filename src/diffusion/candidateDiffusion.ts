/** The set retriever whose rows are items of the catalog, each judged by what the sources say (see `candidatePrior`). */
import { floats, type RuntimeOptions, Session } from '../engine/index.js';
import { type Matrix, matrix, row, rowRange } from '../matrix.js';
import { bestOf } from '../ranking.js';
import { ANCHORS, type DiffusionModel, samplerOnnx } from './model.js';
import { samplingSigmas } from './samplingGrid.js';
import { SetNoise } from './setNoise.js';
import { checkSettings } from './setSampler.js';

export interface CandidateDiffusionOptions {
  readonly model: DiffusionModel;
  readonly steps?: number;
  /** Sets drawn for a query (16). */
  readonly draws?: number;
  readonly runtime?: RuntimeOptions;
}

export interface CandidateSampleOptions {
  /** Query embeddings [n, d]. */
  readonly conditions: Matrix;
  /** What the sources say of every anchor, standardised, [n, anchors * features]; needed. */
  readonly sources?: Matrix;
  /** Items wanted. */
  readonly rows: number;
  readonly steps?: number;
  readonly seed?: number;
  /** Names of the queries' noise, e.g. their texts. */
  readonly streams?: readonly (string | number)[];
  /** One byte an anchor, 1 = may be chosen (all). */
  readonly mask?: Uint8Array;
  readonly signal?: AbortSignal;
}

const STEPS = 3;
const DRAWS = 16;
/** Queries denoised together: more would fall out of the cache. */
const QUERIES_PER_RUN = 8;

/**
 * Draws several sets for a query and answers with the items that are likeliest to be in one: an item's inclusion probability is
 * 1 - prod_rows (1 - p(row is the item)), its mean over the sets drawn. The sets that people would make for a query share their best
 * items; a single draw has some of its own. They are ordered by the prior. It holds native memory: `release` it when done.
 */
export class CandidateDiffusion {
  readonly conditionWords = 0;
  readonly readsSources = true;
  readonly #sessions = new Map<number, Promise<Session>>();

  constructor(private readonly options: CandidateDiffusionOptions) {}

  /** Denoising steps of a request that does not say. */
  get steps(): number {
    return this.options.steps ?? STEPS;
  }

  /** The chosen items' vectors, best first: [n * rows, d]. */
  async sample(options: CandidateSampleOptions): Promise<Matrix> {
    const { conditions, sources, rows, steps = this.steps, seed = 0, streams, mask, signal } = options;
    checkSettings({ steps, rows, guidance: 0 });
    if (!sources) throw new RangeError('this model needs what the sources say of its anchors');
    const { config, parameters } = this.options.model;
    const { anchors, dimension: d } = config;
    const vectors = matrix(anchors, d, parameters.get(ANCHORS)!.data);
    const session = await this.#session(steps);
    const out = matrix(conditions.rows * rows, d);
    const allowed = Int32Array.from([...Array(anchors).keys()].filter((i) => mask?.[i] !== 0));
    for (let start = 0; start < conditions.rows; start += QUERIES_PER_RUN) {
      signal?.throwIfAborted();
      const end = Math.min(start + QUERIES_PER_RUN, conditions.rows);
      const { inclusion, prior } = await this.#inclusion(session, {
        condition: rowRange(conditions, start, end),
        sources: rowRange(sources, start, end),
        rows,
        seed,
        stream: streams && ((i) => streams[start + i]),
      });
      for (let q = start; q < end; q++) {
        const chosen = bestOf(allowed, row(inclusion, q - start), rows);
        // What is in every set drawn is in no order any more; the prior has one.
        const { items } = bestOf(chosen.items, row(prior, q - start), rows);
        for (let i = 0; i < rows && items.length > 0; i++)
          row(out, q * rows + i).set(row(vectors, items[Math.min(i, items.length - 1)]));
      }
    }
    return out;
  }

  /** Inclusion probabilities, and the logits of the prior, each [queries, anchors]. */
  async #inclusion(
    session: Session,
    {
      condition,
      sources,
      rows,
      seed,
      stream,
    }: {
      readonly condition: Matrix;
      readonly sources: Matrix;
      readonly rows: number;
      readonly seed: number;
      readonly stream?: (query: number) => string | number;
    },
  ): Promise<{ inclusion: Matrix; prior: Matrix }> {
    const { anchors, dimension: d, features } = this.options.model.config;
    const { draws = DRAWS } = this.options;
    const queries = condition.rows;
    const dims = [queries * draws, rows, d];
    const noise = new Float32Array(queries * draws * rows * d);
    new SetNoise({ conditions: condition, candidates: draws, seed, stream }).fillNormal(noise);
    const result = await session.run({
      noise: { data: noise, dims },
      condition: { data: condition.data, dims: [queries, condition.cols] },
      features: { data: sources.data, dims: [queries, anchors, features] },
    });
    const drawn = floats(result.inclusion);
    const mean = matrix(queries, anchors);
    for (let q = 0; q < queries; q++) {
      const own = row(mean, q);
      for (let draw = 0; draw < draws; draw++) {
        const at = (q * draws + draw) * anchors;
        for (let i = 0; i < anchors; i++) own[i] += drawn[at + i] / draws;
      }
    }
    return { inclusion: mean, prior: matrix(queries, anchors, floats(result.prior)) };
  }

  #session(steps: number): Promise<Session> {
    let session = this.#sessions.get(steps);
    if (!session) {
      const { model, runtime } = this.options;
      const sigmas = samplingSigmas(model.config, 'dpmSolverPlusPlus2M', steps);
      session = Session.load(samplerOnnx(model, { sigmas, guidance: 0 }), runtime);
      this.#sessions.set(steps, session);
    }
    return session;
  }

  async release(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
  }
}
