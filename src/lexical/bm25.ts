/** Lexical search: what most shops have beside, or before, vectors. */
import { grown } from '../grown.js';
import { isSameMember } from '../lazyArray.js';
import { bestOf, type Ranking } from '../ranking.js';
import { queryTermsOf, termsOf } from './terms.js';

/** Saturation of a term's frequency, and how much a text's length counts: the usual values. */
const [K1, B] = [1.2, 0.75];

export interface LexicalSearchOptions {
  /** Items wanted. */
  readonly k: number;
  /** One byte a row, 1 = may be found. Absent: every row may. */
  readonly mask?: Uint8Array;
}

/** The terms of all texts, one text after the other. */
interface Forward {
  readonly items: readonly { readonly text: string }[];
  /** Text i has the terms `ids` [starts[i], starts[i + 1]), repeated ones included. */
  readonly starts: Int32Array;
  readonly ids: Int32Array;
  /** Numbers of the terms. Grows with later catalogs that share it; numbers never change. */
  readonly numbers: Map<string, number>;
}

/** From terms to the texts that have them: term t has entries [starts[t], starts[t + 1]) of `rows` and `impacts`. */
interface Postings {
  readonly starts: Int32Array;
  /** Ascending within a term. */
  readonly rows: Int32Array;
  /** What the term adds to the row's score. */
  readonly impacts: Float32Array;
}

/**
 * BM25 over the terms of the catalog's texts ({@link termsOf}), as Lucene counts it: a term that `tf` times is in a text of length
 * L adds idf * tf / (tf + k1 (1 - b + b L / mean L)), idf = ln(1 + (n - df + 0.5) / (df + 0.5)), k1 = 1.2, b = 0.75
 * (Robertson & Zaragoza, "The probabilistic relevance framework", 2009, https://doi.org/10.1561/1500000019; Kamphuis et al.,
 * "Which BM25 do you mean?", ECIR 2020, https://doi.org/10.1007/978-3-030-45442-5_4). What a term adds to an item is computed once,
 * when the index is made.
 *
 * @example
 * const bm25 = Bm25.of(items);
 * const { items: rows, scores } = bm25.search('red tent', { k: 10 });
 */
export class Bm25 {
  readonly #forward: Forward;
  readonly #postings: Postings;
  /** Scores of the search that runs; zeros between searches. */
  readonly #scores: Float32Array;

  private constructor(forward: Forward) {
    this.#forward = forward;
    this.#postings = invert(forward);
    this.#scores = new Float32Array(forward.items.length);
  }

  /** Reads all texts: row i of the index is item i. */
  static of(items: readonly { readonly text: string }[]): Bm25 {
    return new Bm25(readTexts(items));
  }

  /** Items that are searched. */
  get size(): number {
    return this.#scores.length;
  }

  /**
   * The index of a catalog that has changed since; this one stays as it is. Only texts that are not in the same row as before
   * are read, so it costs milliseconds for a hundred thousand items. Rows that a mask leaves out of every search still count
   * for how rare a term is, as deleted documents do in Lucene until they are merged away.
   */
  with(items: readonly { readonly text: string }[]): Bm25 {
    return new Bm25(readTexts(items, this.#forward));
  }

  /**
   * At most `k` rows that have a term of the query, best first, of equal ones the first row. The order of words does not matter, nor
   * how often a word is in the query.
   */
  search(query: string, { k, mask }: LexicalSearchOptions): Ranking {
    const scores = this.#scores;
    const touched = this.#addUp(query);
    const allowed = mask ? touched.filter((row) => mask[row] !== 0) : touched;
    const best = bestOf(allowed, scores, k);
    for (const row of touched) scores[row] = 0;
    return best;
  }

  /** The score of every row [size]; 0 = has no term of the query. */
  scores(query: string): Float32Array {
    const touched = this.#addUp(query);
    const all = this.#scores.slice();
    for (const row of touched) this.#scores[row] = 0;
    return all;
  }

  /** Adds the impacts of the query's terms to `#scores`; returns the rows that have any. */
  #addUp(query: string): Int32Array {
    const { starts, rows, impacts } = this.#postings;
    const scores = this.#scores;
    const ids = this.#termIds(query);
    const found = new Int32Array(
      Math.min(
        scores.length,
        ids.reduce((sum, id) => sum + starts[id + 1] - starts[id], 0),
      ),
    );
    let n = 0;
    for (const id of ids) {
      for (let i = starts[id]; i < starts[id + 1]; i++) {
        const row = rows[i];
        if (scores[row] === 0) found[n++] = row;
        scores[row] += impacts[i];
      }
    }
    return found.subarray(0, n);
  }

  /** In one order for all orders of the words, since sums of floats depend on it. */
  #termIds(query: string): number[] {
    const terms = this.#postings.starts.length - 1;
    return queryTermsOf(query)
      .map((term) => this.#forward.numbers.get(term) ?? terms)
      .filter((id) => id < terms)
      .sort((a, b) => a - b);
  }
}

function readTexts(items: readonly { readonly text: string }[], before?: Forward): Forward {
  const numbers = before?.numbers ?? new Map<string, number>();
  const starts = new Int32Array(items.length + 1);
  let ids = new Int32Array(Math.max(1024, before?.ids.length ?? 0));
  let end = 0;
  const room = (n: number) => {
    if (end + n > ids.length) ids = grown(ids, Math.max(2 * ids.length, end + n));
  };
  const isRead = (known: Forward, i: number) =>
    i < known.items.length && (isSameMember(known.items, items, i) || known.items[i].text === items[i].text);
  const read = (i: number, text: () => string) => {
    if (before && isRead(before, i)) {
      const same = before.ids.subarray(before.starts[i], before.starts[i + 1]);
      room(same.length);
      ids.set(same, end);
      end += same.length;
    } else {
      const terms = termsOf(text());
      room(terms.length);
      for (const term of terms) {
        let id = numbers.get(term);
        if (id === undefined) {
          id = numbers.size;
          numbers.set(term, id);
        }
        ids[end++] = id;
      }
    }
    starts[i + 1] = end;
  };
  let i = 0;
  if (before) for (; i < items.length; i++) read(i, () => items[i].text);
  else for (const { text } of items) read(i++, () => text);
  return { items, starts, ids: ids.subarray(0, end), numbers };
}

function invert({ items, starts: textStarts, ids, numbers }: Forward): Postings {
  const starts = new Int32Array(numbers.size + 1);
  // A text that has a term again is one entry more, not two.
  const last = new Int32Array(numbers.size).fill(-1);
  for (let row = 0; row < items.length; row++) {
    for (let i = textStarts[row]; i < textStarts[row + 1]; i++) {
      if (last[ids[i]] !== row) starts[ids[i] + 1]++;
      last[ids[i]] = row;
    }
  }
  for (let id = 0; id < numbers.size; id++) starts[id + 1] += starts[id];
  const rows = new Int32Array(starts[numbers.size]);
  const impacts = new Float32Array(rows.length);
  const end = starts.slice(0, -1);
  last.fill(-1);
  for (let row = 0; row < items.length; row++) {
    for (let i = textStarts[row]; i < textStarts[row + 1]; i++) {
      const id = ids[i];
      if (last[id] !== row) rows[end[id]++] = row;
      last[id] = row;
      impacts[end[id] - 1]++;
    }
  }
  weigh(impacts, { starts, rows, textStarts });
  return { starts, rows, impacts };
}

/** Counts become impacts, in place. */
function weigh(
  counts: Float32Array,
  {
    starts,
    rows,
    textStarts,
  }: Pick<Postings, 'starts' | 'rows'> & { readonly textStarts: Forward['starts'] },
): void {
  const n = textStarts.length - 1;
  const meanLength = textStarts[n] / Math.max(1, n);
  for (let id = 0; id < starts.length - 1; id++) {
    const df = starts[id + 1] - starts[id];
    const idf = Math.log(1 + (n - df + 0.5) / (df + 0.5));
    for (let i = starts[id]; i < starts[id + 1]; i++) {
      const length = textStarts[rows[i] + 1] - textStarts[rows[i]];
      counts[i] = (idf * counts[i]) / (counts[i] + K1 * (1 - B + (B * length) / meanLength));
    }
  }
}
