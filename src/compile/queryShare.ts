/** How much of its query a sub-query needs, which differs from catalog to catalog. */

import { documentFrequencies, keywordSubQueries } from '../baselines/keywords.js';
import { towardsQueries } from '../encode/towardsQueries.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { evenly } from '../evenly.js';
import { coverage } from '../reward/objectives.js';
import { retrieveBudget } from '../vectorIndex/retrieveBudget.js';

/** More than a third is too much for a policy, which learns to say more than keywords do. */
const SHARES = [0, 0.15, 0.3];
/** Training queries it is chosen on. */
const QUERIES = 256;

export interface ChooseQueryShareOptions {
  /** Sub-queries a query. */
  readonly k: number;
  /** B: items which they retrieve together. */
  readonly budget: number;
  readonly signal?: AbortSignal;
}

/**
 * The share of the query in each direction with which the queries' own keywords, the fan-out there is before any training, find most
 * of the reference sets; the smallest of equal ones.
 *
 * @param queries training queries; those without a reference set are passed over
 */
export async function chooseQueryShare(
  { items, index, subQueryEncoder }: Pick<RetrievalWorld, 'items' | 'index' | 'subQueryEncoder'>,
  { texts, references = [] }: Pick<QueryBatch, 'texts' | 'references'>,
  { k, budget, signal }: ChooseQueryShareOptions,
): Promise<number> {
  const frequencies = documentFrequencies(items.map(({ text }) => text));
  const withReferences = [...texts.keys()].filter((q) => references[q]?.length > 0);
  const recalls = SHARES.map(() => 0);
  for (const q of evenly(withReferences, QUERIES)) {
    signal?.throwIfAborted();
    const subQueries = keywordSubQueries(texts[q], k, frequencies);
    const perQuery = subQueries.length;
    const directions = await subQueryEncoder.encode(subQueries, { signal });
    for (const [i, queryShare] of SHARES.entries()) {
      const mixed = await towardsQueries(directions, [texts[q]], {
        perQuery,
        subQueryEncoder,
        queryShare,
        signal,
      });
      const [found] = await retrieveBudget(index, { directions: mixed, perQuery, budget, signal });
      recalls[i] += coverage(found, references[q]);
    }
  }
  return SHARES[recalls.indexOf(Math.max(...recalls))];
}
