/**
 * The items that a query's set is chosen from, and what is known of each before anything is trained: what every source says that
 * costs nothing. A policy that chooses items, and the set diffusion that follows it, read these numbers.
 */
import type { EmbeddedQueries } from '../environment.js';
import type { Bm25 } from '../lexical/bm25.js';
import { concatRows, isInMemory, matrix, row, type VectorTable } from '../matrix.js';
import type { Ranking } from '../ranking.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import type { Remembered, SetMemory } from './setMemory.js';

/** The numbers of a candidate, in order. */
export const SOURCES = [
  'dense',
  'lexical',
  'classifier',
  'logClassifier',
  'votesOf3',
  'votesOf10',
  'logVotesOf30',
  'logPopularity',
  'center',
] as const;

const [DENSE, CENTER] = [SOURCES.indexOf('dense'), SOURCES.indexOf('center')];

/** Candidates of some queries, equally many of each. Plain data. */
export interface Candidates {
  /** Candidates a query. */
  readonly size: number;
  /** Rows of the catalog, each once a query, [n, size]. */
  readonly items: Int32Array;
  /** What the sources say of each, [n, size, SOURCES.length]. */
  readonly scores: Float32Array;
}

export interface CandidatesOptions {
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
  readonly index: VectorIndex;
  readonly lexicon: () => Bm25;
  /** Absent: sources that need labels say nothing, which is 0. */
  readonly memory?: SetMemory;
}

/** Candidates a query. With more the sets get no better, and every step costs more. */
export const CANDIDATES = 256;
/** Hits of lexical search that count; the rest score 0. */
const LEXICAL_DEPTH = 200;
/** What a score is raised by before its logarithm: below it, differences are noise. */
const FLOOR = 0.01;

/**
 * Reads queries: the best items by every source, by turns, until there are enough.
 *
 * @param mask one byte a row, 1 = may be a candidate (all); where fewer than `CANDIDATES` may be, all of these are
 */
export async function readCandidates(
  queries: EmbeddedQueries,
  { vectors, index, lexicon, memory }: CandidatesOptions,
  { mask, signal }: { readonly mask?: Uint8Array; readonly signal?: AbortSignal } = {},
): Promise<Candidates> {
  const { texts } = queries;
  const passing = mask ? mask.reduce((n, byte) => n + (byte === 0 ? 0 : 1), 0) : vectors.rows;
  const size = Math.min(CANDIDATES, passing);
  const items = new Int32Array(texts.length * size);
  const scores = new Float32Array(texts.length * size * SOURCES.length);
  if (size === 0 || texts.length === 0) return { size, items, scores };
  const recalled = await memory?.recall(queries.vectors);
  const centers = recalled?.map(({ center }) => matrix(1, center.length, center)) ?? [];
  // Both in one search, which is asked for once and reads the catalog once.
  const { indices } = await index.search(concatRows([queries.vectors, ...centers]), { k: size, mask });
  signal?.throwIfAborted();
  const nearest = (direction: number) => indices.subarray(direction * size, (direction + 1) * size);
  texts.forEach((text, q) => {
    const lexical = lexicon().search(text, { k: Math.min(vectors.rows, LEXICAL_DEPTH), mask });
    const remembered = recalled?.[q];
    const rankings = [
      nearest(q),
      lexical.items,
      ...(memory && remembered
        ? [nearest(texts.length + q), ...rankingsOf(memory, remembered, { size, mask })]
        : []),
    ];
    const chosen = items.subarray(q * size, (q + 1) * size);
    byTurns(rankings, chosen, mask);
    const own = scores.subarray(q * size * SOURCES.length, (q + 1) * size * SOURCES.length);
    fillScores(own, chosen, {
      query: row(queries.vectors, q),
      vectors,
      lexical,
      memory,
      remembered,
    });
  });
  return { size, items, scores };
}

/** What the memory would answer with. */
function rankingsOf(
  memory: SetMemory,
  { classifier, votes }: Remembered,
  { size, mask }: { readonly size: number; readonly mask?: Uint8Array },
): Int32Array[] {
  return [
    memory.best(new Float32Array(classifier), size, mask),
    memory.best(new Float32Array(votes.at(-1)!), size, mask),
    memory.popular,
  ];
}

/** Takes from each ranking in turn its best row that is not taken yet, until `out` is full. */
function byTurns(rankings: readonly Int32Array[], out: Int32Array, mask?: Uint8Array): void {
  const taken = new Set<number>();
  const passes = (item: number) => item >= 0 && !taken.has(item) && mask?.[item] !== 0;
  const take = (item: number) => {
    if (taken.size < out.length) out[taken.size] = item;
    taken.add(item);
  };
  const next = new Int32Array(rankings.length);
  for (let before = -1; taken.size < out.length && taken.size > before; ) {
    before = taken.size;
    rankings.forEach((ranking, r) => {
      while (next[r] < ranking.length && !passes(ranking[next[r]])) next[r]++;
      if (next[r] < ranking.length) take(ranking[next[r]]);
    });
  }
  // An approximate index may find fewer rows than there are.
  for (let item = 0; taken.size < out.length; item++) if (passes(item)) take(item);
}

function fillScores(
  out: Float32Array,
  items: Int32Array,
  {
    query,
    vectors,
    lexical,
    memory,
    remembered,
  }: {
    readonly query: Float32Array;
    readonly vectors: VectorTable;
    readonly lexical: Ranking;
    readonly memory?: SetMemory;
    readonly remembered?: Remembered;
  },
): void {
  const wide = new Float64Array(query);
  const center = remembered ? new Float64Array(remembered.center) : new Float64Array(query.length);
  const words = new Map<number, number>();
  for (let r = 0; r < lexical.items.length; r++)
    words.set(lexical.items[r], lexical.scores[r] / lexical.scores[0]);
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    const at = i * SOURCES.length;
    fillProducts(out, at, vectors, item, wide, center);
    out[at + 1] = words.get(item) ?? 0;
    if (!memory || !remembered) continue;
    const { classifier, votes } = remembered;
    const position = memory.positionOf(item);
    const said = position !== undefined;
    const chance = said ? classifier[position] : 0;
    out[at + 2] = chance;
    out[at + 3] = Math.log(FLOOR + Math.max(0, chance));
    out[at + 4] = said ? votes[0][position] : 0;
    out[at + 5] = said ? votes[1][position] : 0;
    out[at + 6] = Math.log(FLOOR + (said ? votes[2][position] : 0));
    out[at + 7] = said ? memory.logPopularity[position] : memory.leastLogPopularity;
  }
}

/** Cosines of an item with the query and with the center: in one pass, since widening the row takes most of the time. */
function fillProducts(
  out: Float32Array,
  at: number,
  vectors: VectorTable,
  item: number,
  query: Float64Array,
  center: Float64Array,
): void {
  // As many sums as `dot` has: the same products.
  let query0 = 0;
  let query1 = 0;
  let query2 = 0;
  let query3 = 0;
  let center0 = 0;
  let center1 = 0;
  let center2 = 0;
  let center3 = 0;
  const { cols } = vectors;
  // A view would be garbage, one a candidate.
  const inMemory = isInMemory(vectors);
  const data = inMemory ? vectors.data : row(vectors, item);
  const start = inMemory ? item * cols : 0;
  const even = cols - (cols % 4);
  for (let j = 0; j < even; j += 4) {
    const x0 = data[start + j];
    const x1 = data[start + j + 1];
    const x2 = data[start + j + 2];
    const x3 = data[start + j + 3];
    query0 += x0 * query[j];
    query1 += x1 * query[j + 1];
    query2 += x2 * query[j + 2];
    query3 += x3 * query[j + 3];
    center0 += x0 * center[j];
    center1 += x1 * center[j + 1];
    center2 += x2 * center[j + 2];
    center3 += x3 * center[j + 3];
  }
  for (let j = even; j < cols; j++) {
    query0 += data[start + j] * query[j];
    center0 += data[start + j] * center[j];
  }
  out[at + DENSE] = query0 + query1 + (query2 + query3);
  out[at + CENTER] = center0 + center1 + (center2 + center3);
}

/** Where scores lie and how much they differ, by source: what makes them comparable. */
export interface Standard {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

export function standardOf(scores: Float32Array): Standard {
  const size = SOURCES.length;
  const count = scores.length / size;
  const [sums, squares] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < scores.length; i++) {
    sums[i % size] += scores[i];
    squares[i % size] += scores[i] ** 2;
  }
  const means = Array.from(sums, (sum) => sum / count);
  // A source that says the same of all says nothing; its deviation is rounding.
  const deviations = means.map((mean, f) => Math.sqrt(Math.max(squares[f] / count - mean ** 2, 1e-8)));
  return { means, deviations };
}

/** Scores in deviations from the mean, in place. */
export function standardize(scores: Float32Array, { means, deviations }: Standard): Float32Array {
  const size = means.length;
  for (let i = 0; i < scores.length; i++) scores[i] = (scores[i] - means[i % size]) / deviations[i % size];
  return scores;
}
