import type { Standard } from '../../candidates/candidates.js';
import type {
  CandidateRanker,
  RankCandidatesOptions,
  ReadOptions,
  ReadQueries,
} from '../../candidates/reader.js';
import { RepeatLog, type Repeats } from '../../candidates/repeats.js';
import type { Item } from '../../catalog/item.js';
import {
  floats,
  Graph,
  type Parameters,
  parameterFeeds,
  type RuntimeOptions,
  Session,
} from '../../engine/index.js';
import type { EmbeddedQueries } from '../../environment.js';
import { matrix, row } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import type {
  Completion,
  CompletionFeeds,
  RolloutOptions,
  SampleOptions,
  TrainablePolicy,
} from '../policy.js';
import { queryFeeds, setFeeds } from './batch.js';
import { type ChosenSet, choose } from './choose.js';
import { WEIGHT_DECAY } from './imitate.js';
import { type PointerConfig, pointerGraph, readItems, STATE_WIDTH } from './model.js';

export interface PointerPolicyOptions {
  readonly config: PointerConfig;
  readonly parameters: Parameters;
  readonly items: readonly Pick<Item, 'title'>[];
  /** What the sources' scores were taken by when it was trained. */
  readonly standard: Standard;
  /** Reads the queries that it is asked for samples of. */
  readonly read: (queries: EmbeddedQueries, options: ReadOptions) => Promise<ReadQueries>;
  readonly runtime?: RuntimeOptions;
}

/** A set as it was chosen. */
export interface ChosenItems extends ChosenSet {
  /** Rows of the catalog. */
  readonly items: Int32Array;
}

export interface ChooseSetsOptions {
  readonly samplesPerQuery: number;
  readonly temperature: number;
  /** By position among the rows and number of the sample; needed above temperature 0. */
  readonly random?: (query: number, sample: number) => CounterRandom;
  /** Items a set (k). */
  readonly wanted?: number;
  /** Which repeats each set avoids (none). */
  readonly repeats?: Repeats;
  readonly signal?: AbortSignal;
}

/** A set as the completion of a policy. */
export function completionOf(
  { items, places, logProbs, entropies }: ChosenItems,
  query: number,
  catalog: { readonly items: readonly Pick<Item, 'title'>[] },
): Completion {
  const subQueries = Array.from(items, (item) => catalog.items[item].title);
  return { query, subQueries, items, tokens: places, logProbs, entropies };
}

/** The set of a query without candidates, as where nothing passes a filter. */
const nothing = (): ChosenItems => ({
  places: new Int32Array(),
  items: new Int32Array(),
  logProbs: new Float32Array(),
  entropies: new Float32Array(),
});

/** Queries whose candidates are read at a time. */
const QUERIES_PER_RUN = 16;

/** The policy that chooses items (see `model.ts`). It holds native memory: `release` it when done. */
export class PointerPolicy implements TrainablePolicy, CandidateRanker {
  readonly kind = 'candidates';
  readonly training = {
    queriesPerUpdate: 8,
    optimizer: { beta1: 0.9, beta2: 0.95, weightDecay: WEIGHT_DECAY },
    emaDecay: 0.9,
  };
  readonly config: PointerConfig;
  readonly standard: Standard;
  readonly k: number;
  /** Followed by the training. */
  parameters: Parameters;

  private constructor(
    private readonly options: PointerPolicyOptions,
    private readonly session: Session,
  ) {
    this.config = options.config;
    this.k = options.config.k;
    this.standard = options.standard;
    this.parameters = options.parameters;
  }

  static async create(options: PointerPolicyOptions): Promise<PointerPolicy> {
    const graph = new Graph();
    const { base, keys, values } = readItems(graph, options.config);
    return new PointerPolicy(options, await Session.compile(graph, { base, keys, values }, options.runtime));
  }

  async sample({
    queries,
    vectors,
    samplesPerQuery = 1,
    temperature = 1,
    seed,
    streams = [...queries.keys()],
    mask,
    signal,
  }: SampleOptions): Promise<Completion[]> {
    const read = await this.options.read({ texts: queries, vectors }, { mask, signal });
    const chosen = await this.choose(read, [...queries.keys()], {
      samplesPerQuery,
      temperature,
      random: (q, sample) => new CounterRandom(seed, 'pointer', streams[q], sample),
      signal,
    });
    return chosen.map((set, i) => completionOf(set, Math.floor(i / samplesPerQuery), this.options));
  }

  async rollout(
    queries: EmbeddedQueries,
    { samplesPerQuery, step, seed, signal }: RolloutOptions,
  ): Promise<Completion[]> {
    const read = await this.options.read(queries, { signal });
    const chosen = await this.choose(read, [...queries.texts.keys()], {
      samplesPerQuery,
      temperature: 1,
      random: (q, sample) => new CounterRandom(seed, 'pointer/rollout', step, q, sample),
      signal,
    });
    return chosen.map((set, i) => completionOf(set, Math.floor(i / samplesPerQuery), this.options));
  }

  graph(): ReturnType<TrainablePolicy['graph']> {
    return pointerGraph(this.config);
  }

  async feeds(queries: EmbeddedQueries, completions: readonly Completion[]): Promise<CompletionFeeds> {
    const read = await this.options.read(queries, {});
    const n = queries.texts.length;
    const sets = completions.map(({ tokens }) => tokens);
    return {
      feeds: {
        ...queryFeeds(read, [...queries.texts.keys()]),
        ...setFeeds(sets, n, read.size, this.config),
      },
      dims: [n, (completions.length / n) * this.k],
    };
  }

  /** The likeliest item at every place. */
  async rank({ read, depth, repeats, signal }: RankCandidatesOptions): Promise<Int32Array[]> {
    const chosen = await this.choose(read, [...Array(read.vectors.rows).keys()], {
      samplesPerQuery: 1,
      temperature: 0,
      wanted: depth,
      repeats,
      signal,
    });
    return chosen.map(({ items }) => items);
  }

  /** `samplesPerQuery` sets for each of the given rows of queries that are read already, one query's after another's. */
  async choose(
    read: ReadQueries,
    rows: readonly number[],
    { samplesPerQuery, temperature, random, wanted, repeats, signal }: ChooseSetsOptions,
  ): Promise<ChosenItems[]> {
    const { config } = this;
    const { size, items } = read;
    const { parameters } = this;
    if (size === 0) return Array.from({ length: rows.length * samplesPerQuery }, nothing);
    const chosen: ChosenItems[] = [];
    for (let start = 0; start < rows.length; start += QUERIES_PER_RUN) {
      signal?.throwIfAborted();
      const part = rows.slice(start, start + QUERIES_PER_RUN);
      const feeds = { ...queryFeeds(read, part), ...parameterFeeds(parameters) };
      const result = await this.session.run(feeds);
      const of = (name: string, cols: number) => matrix(part.length, cols, floats(result[name]));
      const base = of('base', size);
      const keys = of('keys', size * STATE_WIDTH);
      const values = of('values', size * STATE_WIDTH);
      part.forEach((i, q) => {
        const query = { base: row(base, q), keys: row(keys, q), values: row(values, q) };
        for (let sample = 0; sample < samplesPerQuery; sample++) {
          const stream = random?.(start + q, sample);
          const uniform = () => stream?.uniform() ?? 0;
          const log = repeats && new RepeatLog(items.subarray(i * size, (i + 1) * size), repeats);
          const set = choose(query, config, parameters, { temperature, uniform, wanted, repeats: log });
          chosen.push({ ...set, items: set.places.map((place) => items[i * size + place]) });
        }
      });
    }
    return chosen;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
