/** Who says how relevant items are to a query, where no reference set does. */
import type { Item } from '../../catalog/item.js';
import { R4tError } from '../../errors.js';
import type { RunControl } from '../../progress.js';
import type { FanOut } from '../reward.js';

/** Items to be judged for one query; each (query, item) is asked once. */
export interface JudgeQuestion {
  readonly query: string;
  /** e_t(q), unit length, [d]. */
  readonly queryVector: Float32Array;
  /** Rows of the catalog, each once, [n]. */
  readonly rows: readonly number[];
  /** Those items, [n]. */
  readonly items: readonly Item[];
}

/**
 * How relevant each item is to the query, [n], 0 (off topic) to 1. A user's own judge is one such function, and may take its time.
 *
 * @example
 * export const judge: JudgeFunction = async ({ query, items }) => scoresOf(query, items.map(({ text }) => text));
 */
export type JudgeFunction = (
  question: JudgeQuestion,
  control?: Pick<RunControl, 'signal'>,
) => ArrayLike<number> | Promise<ArrayLike<number>>;

/** A judge that remembers what it has said. */
export class Judge {
  readonly #known = new Map<string, Map<number, number>>();
  #freed?: Promise<void>;

  /** @param free what holds memory or files outside of JavaScript's own */
  constructor(
    private readonly ask: JudgeFunction,
    private readonly free?: () => Promise<void>,
  ) {}

  /** Stops what is being asked, and frees what the judge holds. Afterwards it is of no use. */
  async release(): Promise<void> {
    this.#freed ??= this.free?.();
    await this.#freed;
  }

  /**
   * The relevance of each row for the question's query, [rows.length]; a row may be there several times.
   *
   * @throws R4tError if the judge fails or returns anything but numbers from 0 to 1
   */
  async relevance(
    {
      query,
      queryVector,
      rows,
      items,
    }: Pick<FanOut, 'query' | 'queryVector' | 'items'> & { readonly rows: ArrayLike<number> },
    signal?: AbortSignal,
  ): Promise<Float64Array> {
    const known = this.#known.get(query) ?? new Map<number, number>();
    this.#known.set(query, known);
    const open = [...new Set(Array.from(rows))].filter((row) => !known.has(row));
    if (open.length > 0) {
      const question = { query, queryVector, rows: open, items: open.map((row) => items[row]) };
      const said = await this.#answer(question, signal);
      open.forEach((row, i) => {
        known.set(row, checked(said[i], items[row], query));
      });
    }
    return Float64Array.from(rows, (row) => known.get(row)!);
  }

  async #answer(question: JudgeQuestion, signal?: AbortSignal): Promise<ArrayLike<number>> {
    let said: ArrayLike<number> | undefined;
    try {
      said = await this.ask(question, { signal });
    } catch (cause) {
      if (cause instanceof R4tError || signal?.aborted) throw cause;
      throw new R4tError(`the judge threw ${cause} for query "${question.query}"; ${FORM}`, { cause });
    }
    if (said?.length === question.rows.length) return said;
    const form = said?.length === undefined ? 'no list' : `${said.length} numbers`;
    throw new R4tError(
      `the judge returned ${form} for ${question.rows.length} items and query "${question.query}"; ${FORM}`,
    );
  }
}

const FORM = 'it must return one number from 0 (off topic) to 1 for each item';

function checked(value: unknown, { title }: Item, query: string): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new R4tError(`the judge returned ${value} for the item "${title}" and query "${query}"; ${FORM}`);
}

/** Judges the retrieved items of all fan-outs, one question a query; [k] for each of them. */
export async function relevanceOf(
  fanOuts: readonly FanOut[],
  judge: Judge,
  signal?: AbortSignal,
): Promise<Float64Array[]> {
  const ofQuery = new Map<string, FanOut[]>();
  for (const fanOut of fanOuts) {
    const others = ofQuery.get(fanOut.query);
    if (others) others.push(fanOut);
    else ofQuery.set(fanOut.query, [fanOut]);
  }
  await Promise.all(
    [...ofQuery.values()].map((same) =>
      judge.relevance({ ...same[0], rows: same.flatMap(({ retrieved }) => [...retrieved]) }, signal),
    ),
  );
  return Promise.all(fanOuts.map((fanOut) => judge.relevance({ ...fanOut, rows: fanOut.retrieved }, signal)));
}
