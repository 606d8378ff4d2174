/**
 * Every way of finding a set, once: what searches, services, exports and evaluations share, so that what is measured is what is
 * served. They ask for sets by `findSets`.
 */

import { classify } from '../baselines/classifier.js';
import { dppMap, thetaOf } from '../baselines/dpp.js';
import { fillUp } from '../baselines/fillUp.js';
import { groupCap } from '../baselines/groupCap.js';
import { BY_RANKS, HEAD, USUAL_WEIGHT } from '../baselines/hybridHits.js';
import { documentFrequenciesOf, keywordSubQueries } from '../baselines/keywords.js';
import { kMeansDirections } from '../baselines/kMeans.js';
import { nearestQueries } from '../baselines/nearestQueries.js';
import { popularItems } from '../baselines/popular.js';
import { rankByNeighbours } from '../baselines/vote.js';
import { type CandidateRanker, rankerOf } from '../candidates/reader.js';
import { labelledOf } from '../labelled.js';
import { gatherRows, type Matrix, row, rowRange } from '../matrix.js';
import { givenFirst } from './givenSets.js';
import { groupsOf } from './groups.js';
import type { Directed, MethodDefinition, MethodSpace, QueryFanOut, Ranking, Setting } from './method.js';
import type { Method } from './methodNames.js';
import {
  adapted,
  beforePlain,
  byMmr,
  chosen,
  hybrid,
  passing,
  plain,
  type RankedRest,
  reordered,
} from './rankings.js';

/** How different a reordering makes its items; 0 is plain search. */
const REORDERING: Setting = {
  name: 'diversity',
  grid: [0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9],
  usual: 0.1,
};
/** A determinant asks for much diversity as soon as it asks for any, so its scale is finer near 0. */
const DETERMINANT: Setting = {
  ...REORDERING,
  grid: [0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4],
  usual: 0.02,
};
/** What an item of a chosen set loses of its chance for each of its kind that is in the set already. */
const CHOSEN: Setting = { name: 'diversity', grid: [0, 0.1, 0.2, 0.3, 0.4, 0.5], usual: 0 };
/** 1 - the share of the query in each direction. At 0 a fan-out would be plain search under another name. */
const DIRECTIONS: Setting = { name: 'diversity', grid: [1, 0.85, 0.7, 0.5, 0.3], usual: 0.7 };

const NO_SETS = 'this run has no reference sets to learn from';
const withSets = ({ training }: MethodSpace) =>
  training?.references.some((set) => set.length > 0) ? undefined : NO_SETS;

const noAdapter = (space: MethodSpace) =>
  space.adapter ? undefined : (withSets(space) ?? 'an adapter of the query did not help on this run');

export const METHODS: Readonly<Record<Method, MethodDefinition>> = {
  /** The items nearest to the query. */
  plain: { rank: plain },

  /** The items that have words of the query. */
  bm25: {
    rank: (space) =>
      beforePlain(space, async ({ texts }, { depth, mask }) =>
        texts.map((text) => space.lexicon().search(text, { k: depth, mask }).items),
      ),
  },

  /** Both: scores of words and vectors on one scale, or their ranks. */
  hybrid: {
    setting: {
      name: 'weight',
      grid: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, BY_RANKS],
      usual: USUAL_WEIGHT,
    },
    rank: hybrid,
  },

  /** Maximal marginal relevance over the head of plain search. */
  mmr: { setting: REORDERING, rank: byMmr },

  /** Greedy MAP of a determinantal point process over the head of plain search. */
  dpp: {
    setting: DETERMINANT,
    rank: (space, diversity = 0) =>
      diversity === 0
        ? plain(space)
        : reordered(space, (head, k) => dppMap({ ...head, theta: thetaOf(diversity), k })),
  },

  /** Plain search with at most so many items of a category. */
  groupCap: {
    setting: { name: 'most', grid: [1, 2, 3, 4, 5], usual: 3 },
    missing: ({ items }) =>
      items.some(({ category }) => category !== undefined) ? undefined : 'the catalog has no categories',
    rank:
      (space, most = 1) =>
      async (queries, options) => {
        const groups = groupsOf(space.items, 'category');
        const groupOf = (item: number) => (groups[item] < 0 ? undefined : groups[item]);
        const rankings = await plain(space)(queries, {
          ...options,
          depth: Math.min(space.index.size, Math.max(HEAD, 4 * options.depth)),
        });
        // Where categories are few, what they hold beyond the cap comes last.
        return rankings.map((ranking) =>
          fillUp(groupCap(ranking, groupOf, { perGroup: most }), ranking, options.depth),
        );
      },
  },

  /** Centroids of clusters of the head of plain search. */
  kmeans: {
    setting: DIRECTIONS,
    fanOut:
      (space) =>
      async ({ vectors }, { k, mask, seed = 0 }) => {
        const directions = await kMeansDirections(space, vectors, { k, mask, seed });
        return perQuery(vectors.rows, (q) => ({ directions: rowRange(directions, q * k, (q + 1) * k) }));
      },
  },

  /** One sub-query a content word and pair of words. */
  keywords: {
    setting: DIRECTIONS,
    fanOut:
      (space) =>
      ({ texts }, { k, signal }) => {
        const frequencies = documentFrequenciesOf(space.items);
        const subQueries = texts.map((text) => keywordSubQueries(text, k, frequencies));
        return encodeSubQueries(space, subQueries, signal);
      },
  },

  /** The training queries most like the query as its sub-queries. */
  nearestQueries: {
    setting: DIRECTIONS,
    missing: ({ training }) => (training ? undefined : 'this run has no training queries'),
    fanOut:
      ({ training }) =>
      async ({ vectors }, { k }) =>
        eachRow(vectors, (query) => {
          const { rows } = nearestQueries(query, training!.vectors, k);
          return {
            directions: gatherRows(training!.vectors, rows),
            subQueries: rows.map((i) => training!.texts[i]),
          };
        }),
  },

  /** Plain search for the query moved to where the items of training sets lie. */
  adapter: { missing: noAdapter, learnsFrom: 'near', rank: (space) => adapted(space, plain(space)) },

  /** The same, diversified. */
  adapterMmr: {
    setting: REORDERING,
    missing: noAdapter,
    learnsFrom: 'near',
    rank: (space, diversity) => adapted(space, byMmr(space, diversity)),
  },

  /** The commonest items of training sets, whatever the query. */
  popular: {
    missing: withSets,
    learnsFrom: 'all',
    rank: (space) => {
      const { items } = popularItems(space.training!.references);
      return beforePlain(space, async ({ texts }, { mask }) => texts.map(() => passing(items, mask)));
    },
  },

  /** What the sets of the nearest training queries vote for. */
  vote: {
    setting: { name: 'neighbours', grid: [1, 3, 5, 10, 20, 40], usual: 10 },
    missing: withSets,
    learnsFrom: 'near',
    rank: (space, neighbours = 1) =>
      beforePlain(space, async ({ vectors }, { mask }) =>
        eachRow(vectors, (query) =>
          passing(rankByNeighbours(query, labelledOf(space.training!), neighbours), mask),
        ),
      ),
  },

  /** Ridge regression from the query's vector to each item of the training sets. */
  classifier: {
    missing: ({ classifier }) => (classifier ? undefined : NO_SETS),
    learnsFrom: 'near',
    rank: (space) =>
      beforePlain(space, async ({ vectors }, { mask }) =>
        eachRow(vectors, (query) => passing(classify(space.classifier!, query).items, mask)),
      ),
  },

  /** The set that the policy chooses among candidates, or the sub-queries that it writes. */
  folm: {
    setting: DIRECTIONS,
    missing: ({ policy }) => {
      if (!policy) return 'this run has no trained policy yet';
      return policy.knows && 'the policy of this run is a recording, which knows no other queries';
    },
    ranking: ({ policy }) => chosenBy(rankerOf(policy)),
    fanOut:
      (space) =>
      async ({ texts, vectors }, { k, seed = 0, mask, signal }) => {
        const { policy, temperature } = space;
        const sampled = await policy!.sample({
          queries: texts,
          vectors,
          temperature,
          seed,
          streams: texts,
          mask,
          signal,
        });
        const subQueries = sampled.map((completion) => completion.subQueries.slice(0, k));
        // A chosen item is its own direction.
        if (sampled.every(({ items }) => items))
          return sampled.map(({ items = new Int32Array() }, q) => ({
            directions: gatherRows(space.vectors, items.subarray(0, k)),
            subQueries: subQueries[q],
          }));
        const fanOuts = await encodeSubQueries(space, subQueries, signal);
        return fanOuts.map((fanOut, q) => ({ ...fanOut, written: true, ms: sampled[q].ms }));
      },
  },

  /** The set that the set diffusion chooses among candidates, or the directions that it draws. */
  diffusion: {
    setting: DIRECTIONS,
    missing: ({ diffusion }) => (diffusion ? undefined : 'this run has no trained diffusion model yet'),
    ranking: ({ diffusion }) => chosenBy(rankerOf(diffusion)),
    fanOut:
      ({ diffusion }) =>
      async ({ texts, vectors }, { k: rows, steps, seed, signal }) => {
        if (diffusion?.kind !== 'directions') throw new Error('this model ranks candidates');
        const options = { conditions: vectors, rows, steps, seed, streams: texts, signal };
        const directions = await diffusion.sample(options);
        return perQuery(vectors.rows, (q) => ({
          directions: rowRange(directions, q * rows, (q + 1) * rows),
        }));
      },
  },
};

/** How a space answers by a method. */
export function answerer(space: MethodSpace, method: Method): Ranking | Directed {
  const definition = METHODS[method];
  return ('ranking' in definition && definition.ranking?.(space)) || definition;
}

/** The sets that a model chooses among candidates. */
const chosenBy = (model: CandidateRanker | undefined): Ranking | undefined =>
  model && {
    setting: CHOSEN,
    learnsFrom: 'remembered',
    rank: (space, diversity) => givenFirst(space, chosen(space, model, diversity, restOf(space))),
  };

/** Ranks what comes after a chosen set. */
function restOf(space: MethodSpace): RankedRest | undefined {
  const { rest, settings } = space;
  const definition = rest && METHODS[rest.method];
  return definition && 'rank' in definition
    ? { rank: definition.rank(space, settings[rest.method]), byTurns: rest.byTurns }
    : undefined;
}

async function encodeSubQueries(
  { subQueryEncoder }: MethodSpace,
  subQueries: readonly (readonly string[])[],
  signal?: AbortSignal,
): Promise<QueryFanOut[]> {
  const all = await subQueryEncoder.encode(subQueries.flat(), { signal });
  let start = 0;
  return subQueries.map((own) => {
    const directions = rowRange(all, start, start + own.length);
    start += own.length;
    return { directions, subQueries: own };
  });
}

const eachRow = <T>(vectors: Matrix, make: (vector: Float32Array) => T): T[] =>
  perQuery(vectors.rows, (q) => make(row(vectors, q)));

const perQuery = <T>(n: number, make: (query: number) => T): T[] =>
  Array.from({ length: n }, (_, q) => make(q));
