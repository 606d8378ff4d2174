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
import { type Matrix, matrix, row } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import type { Completion, Policy, SampleOptions } from '../policy.js';
import { queryFeeds, type ReadQueries } from './batch.js';
import { type ChosenSet, choose } from './choose.js';
import { type PointerConfig, readItems, STATE_WIDTH } from './model.js';

export interface PointerPolicyOptions {
  readonly config: PointerConfig;
  readonly parameters: Parameters;
  readonly items: readonly Pick<Item, 'title'>[];
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: Matrix;
  /** What the sources say of every item for each query, standardised, [n, items * sources]. */
  readonly sources: (queries: EmbeddedQueries) => Matrix;
  readonly runtime?: RuntimeOptions;
}

/** Queries whose items are read at a time: what is read of 2,000 items is half a megabyte. */
const QUERIES_PER_RUN = 16;

/** The policy that chooses items (see `model.ts`). It holds native memory: `release` it when done. */
export class PointerPolicy implements Policy {
  readonly k: number;
  /** Followed by the training. */
  parameters: Parameters;

  private constructor(
    private readonly options: PointerPolicyOptions,
    private readonly session: Session,
  ) {
    this.k = options.config.k;
    this.parameters = options.parameters;
  }

  static async create(options: PointerPolicyOptions): Promise<PointerPolicy> {
    const graph = new Graph();
    const { base, keys, values } = readItems(graph, options.config, options.vectors);
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
    const read = { vectors, sources: this.options.sources({ texts: queries, vectors }) };
    const chosen = await this.choose(read, [...queries.keys()], {
      samplesPerQuery,
      temperature,
      random: (q, sample) => new CounterRandom(seed, 'pointer', streams[q], sample),
      mask,
      signal,
    });
    const { items } = this.options;
    return chosen.map((set, i) => ({
      query: Math.floor(i / samplesPerQuery),
      subQueries: Array.from(set.items, (item) => items[item].title),
      items: set.items,
      tokens: set.items,
      logProbs: set.logProbs,
      entropies: set.entropies,
    }));
  }

  /** `samplesPerQuery` sets for each of the given rows of queries that are read already, one query's after another's. */
  async choose(
    read: ReadQueries,
    rows: readonly number[],
    {
      samplesPerQuery,
      temperature,
      random,
      mask,
      signal,
    }: {
      readonly samplesPerQuery: number;
      readonly temperature: number;
      /** By position in `rows` and number of the sample. */
      readonly random: (query: number, sample: number) => CounterRandom;
      readonly mask?: Uint8Array;
      readonly signal?: AbortSignal;
    },
  ): Promise<ChosenSet[]> {
    const { config } = this.options;
    const { parameters } = this;
    const chosen: ChosenSet[] = [];
    for (let start = 0; start < rows.length; start += QUERIES_PER_RUN) {
      signal?.throwIfAborted();
      const part = rows.slice(start, start + QUERIES_PER_RUN);
      const feeds = { ...queryFeeds(read, part, config), ...parameterFeeds(parameters) };
      const result = await this.session.run(feeds);
      const of = (name: string, cols: number) => matrix(part.length, cols, floats(result[name]));
      const base = of('base', config.items);
      const keys = of('keys', config.items * STATE_WIDTH);
      const values = of('values', config.items * STATE_WIDTH);
      part.forEach((_, q) => {
        const query = { base: row(base, q), keys: row(keys, q), values: row(values, q) };
        for (let sample = 0; sample < samplesPerQuery; sample++) {
          const stream = random(start + q, sample);
          chosen.push(
            choose(query, config, parameters, { temperature, mask, uniform: () => stream.uniform() }),
          );
        }
      });
    }
    return chosen;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}
