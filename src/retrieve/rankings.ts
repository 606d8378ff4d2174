/** The parts that methods which rank are made of. */
import { fillUp } from '../baselines/fillUp.js';
import { HEAD, hybridHits } from '../baselines/hybridHits.js';
import { mmr } from '../baselines/mmr.js';
import { type CandidateRanker, readQueries } from '../candidates/reader.js';
import { applyAdapter } from '../encode/adapter.js';
import { dot, gatherRows, row } from '../matrix.js';
import type { MethodSpace, Rank, SearchSpace } from './method.js';

export const plain =
  ({ index }: SearchSpace): Rank =>
  async ({ vectors }, { depth, mask }) => {
    const k = Math.min(depth, index.size);
    const { indices } = await index.search(vectors, { k, mask });
    return Array.from({ length: vectors.rows }, (_, q) =>
      indices.subarray(q * k, (q + 1) * k).filter((item) => item >= 0),
    );
  };

/** Plain search for the adapted query, where there is an adapter. */
const adaptedPlain = (space: MethodSpace): Rank =>
  space.adapter ? adapted(space, plain(space)) : plain(space);

/** A method whose answers end with another's, where it has none of its own. */
const before =
  (rank: Rank, last: Rank): Rank =>
  async (queries, options) => {
    const [first, rest] = [await rank(queries, options), await last(queries, options)];
    return first.map((ranking, q) => fillUp(ranking, rest[q], options.depth));
  };

export const beforePlain = (space: MethodSpace, rank: Rank): Rank => before(rank, plain(space));

/** The head of plain search in another order. */
export const reordered =
  (space: MethodSpace, pick: (head: CandidateHead, depth: number) => Int32Array): Rank =>
  async (queries, { depth, ...options }) => {
    const pool = Math.min(space.index.size, Math.max(HEAD, 2 * depth));
    const rankings = await plain(space)(queries, { ...options, depth: pool });
    const picked: Int32Array[] = [];
    for (const [q, items] of rankings.entries()) {
      const candidates = gatherRows(space.vectors, items);
      const query = row(queries.vectors, q);
      const relevance = Float64Array.from(items, (_, i) => dot(query, row(candidates, i)));
      // One product of all with all pays where a good part of the candidates is picked.
      const cosines = depth >= HEAD ? await space.cosines?.of(candidates) : undefined;
      picked.push(pick({ candidates, relevance, cosines }, depth).map((place) => items[place]));
    }
    return picked;
  };

type CandidateHead = Omit<Parameters<typeof mmr>[0], 'lambda' | 'k'>;

export const adapted =
  (space: MethodSpace, rank: Rank): Rank =>
  (queries, options) =>
    rank({ ...queries, vectors: applyAdapter(space.adapter!, queries.vectors) }, options);

export const byMmr = (space: MethodSpace, diversity = 0): Rank =>
  reordered(space, (head, k) => mmr({ ...head, lambda: 1 - diversity, k }));

/** Words and vectors as one ranking; `weight` is that of the words' scores, or `BY_RANKS`. */
export function hybrid(space: MethodSpace, weight = 0): Rank {
  return async ({ texts, vectors }, { depth, mask }) => {
    const { indices, k } = await hybridHits(space, texts, vectors, { k: depth, mask, weight });
    return texts.map((_, q) => indices.subarray(q * k, (q + 1) * k).filter((item) => item >= 0));
  };
}

/** See `Rest`. */
export interface RankedRest {
  readonly rank: Rank;
  readonly byTurns: boolean;
}

/**
 * The sets that a model chooses among candidates, and what follows them.
 *
 * @param diversity what an item loses of its chance for each of its kind that is in the set already
 * @param rest what follows (the model's other candidates, and then plain search)
 */
export function chosen(space: MethodSpace, model: CandidateRanker, diversity = 0, rest?: RankedRest): Rank {
  const rank = candidatesBy(space, model, diversity);
  const alone = before(rank, adaptedPlain(space));
  if (!rest) return alone;
  return async (queries, options) => {
    const { depth, k = space.k } = options;
    const set = Math.min(k, space.k);
    if (depth <= set) return rank(queries, options);
    const [own, others] = [await alone(queries, options), await rest.rank(queries, options)];
    return own.map((ranking, q) => {
      const left = ranking.subarray(set);
      const rows = rest.byTurns ? byTurns([left, others[q]], depth) : fillUp(others[q], left, depth);
      return fillUp(ranking.subarray(0, set), rows, depth);
    });
  };
}

/** The first of each ranking, then the second, and so on. */
function byTurns(rankings: readonly Int32Array[], depth: number): Int32Array {
  const rows: number[] = [];
  for (let i = 0; i < depth; i++)
    for (const ranking of rankings) if (i < ranking.length) rows.push(ranking[i]);
  return Int32Array.from(rows);
}

const candidatesBy =
  (space: MethodSpace, model: CandidateRanker, diversity: number): Rank =>
  async (queries, { depth, k = space.k, mask, steps, seed, signal }) => {
    const read = await readQueries(queries, space, model.standard, { mask, signal });
    // More items than it has learnt to choose together follow by how likely each is.
    const rows = Math.min(k, space.k);
    const { vectors } = space;
    return model.rank({
      read,
      vectors,
      rows,
      depth: Math.max(rows, depth),
      steps,
      seed,
      streams: queries.texts,
      ...(diversity > 0 && { repeats: { aspectOf: space.aspects(), keep: 1 - diversity } }),
      signal,
    });
  };

/** The rows of a ranking that the mask lets pass. */
export const passing = (ranking: Int32Array, mask: Uint8Array | undefined): Int32Array =>
  mask ? ranking.filter((item) => mask[item] !== 0) : ranking;
