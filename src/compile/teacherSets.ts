/** Sets to imitate where nobody has made any: what the baselines find, of each query the one that the reward likes best. */
import { aspectsWhenAsked } from '../candidates/aspects.js';
import { setRewards } from '../choose/setQuality.js';
import { answer } from '../choose/tune.js';
import type { QueryBatch } from '../environment.js';
import { lexiconOf } from '../lexical/lexicon.js';
import { batchOf } from '../queryBatch.js';
import type { MethodSpace } from '../retrieve/method.js';
import type { Method } from '../retrieve/methodNames.js';
import type { StageContext } from './stage.js';

/** Baselines that need neither labels nor categories, and whose sets differ. */
const TEACHERS: readonly Method[] = ['plain', 'hybrid', 'mmr', 'dpp'];
const QUERIES_PER_BATCH = 256;

/** Rows of a set for each query. */
export async function teacherSets(
  { workspace, config: { k, seed, catalog }, reward, signal }: StageContext,
  queries: QueryBatch,
): Promise<number[][]> {
  const space: MethodSpace = {
    ...workspace,
    k,
    lexicon: lexiconOf(workspace.items),
    aspects: aspectsWhenAsked(workspace.items, workspace.vectors, { field: catalog.aspect }),
    settings: {},
    usual: 'plain',
  };
  const sets: number[][] = [];
  for (let start = 0; start < queries.texts.length; start += QUERIES_PER_BATCH) {
    const batch = batchOf(queries, start, start + QUERIES_PER_BATCH);
    const best = batch.texts.map(() => ({ reward: Number.NEGATIVE_INFINITY, items: [] as number[] }));
    for (const method of TEACHERS) {
      signal?.throwIfAborted();
      const found = await answer({ method, space }, batch, { k, seed, signal });
      const rewards = await setRewards(found, batch, { reward, judge: workspace.judge, signal }, workspace);
      found.forEach(({ assigned }, q) => {
        if (rewards[q] > best[q].reward)
          best[q] = { reward: rewards[q], items: assigned.map(({ item }) => item) };
      });
    }
    sets.push(...best.map(({ items }) => items));
  }
  return sets;
}
