import { InputError } from '../../errors.js';
import type { Completion, Policy, SampleOptions } from '../policy.js';
import { type FanOutRecord, readFanOuts } from './fanOutFile.js';
import { completionOf } from './writingPolicy.js';

/** A policy that reads recorded fan-outs: it asks nobody, and knows no other queries. */
export class RecordedPolicy implements Policy {
  readonly #ofQuery = new Map<string, FanOutRecord[]>();

  /** @param records in the order in which they are samples */
  constructor(
    records: readonly FanOutRecord[],
    readonly k: number,
    private readonly file: string,
  ) {
    for (const record of records) {
      const own = this.#ofQuery.get(record.query);
      if (own) own.push(record);
      else this.#ofQuery.set(record.query, [record]);
    }
  }

  /** @throws InputError if the file is missing, or a line of it is no fan-out */
  static async load(file: string, k: number): Promise<RecordedPolicy> {
    return new RecordedPolicy(await readFanOuts(file), k, file);
  }

  knows(query: string): boolean {
    return this.#ofQuery.has(query);
  }

  /** How many are recorded of a query. */
  samplesOf(query: string): number {
    return this.#ofQuery.get(query)?.length ?? 0;
  }

  /** The most that a query has. */
  get samplesPerQuery(): number {
    return [...this.#ofQuery.values()].reduce((most, { length }) => Math.max(most, length), 0);
  }

  /**
   * Where more samples are asked for than there are, they go round; temperature and seed change nothing.
   *
   * @throws InputError for a query of which none is recorded
   */
  async sample({ queries, samplesPerQuery = 1 }: SampleOptions): Promise<Completion[]> {
    return queries.flatMap((query, q) => {
      const own = this.#ofQuery.get(query);
      if (!own) throw new InputError(`has no fan-out for "${query}"`, { file: this.file });
      return Array.from({ length: samplesPerQuery }, (_, i): Completion => {
        const { subQueries, ms } = own[i % own.length];
        return { ...completionOf(subQueries, this.k), query: q, ...(ms !== undefined && { ms }) };
      });
    });
  }
}
