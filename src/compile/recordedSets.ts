/** Recorded fan-outs as sets of the training queries: what a language model's sub-queries find takes the place of reference sets. */
import type { LabelledQueries, QueryBatch } from '../environment.js';
import { InputError } from '../errors.js';
import { retrieveFanOuts } from '../policy/fanOut.js';
import { type FanOutRecord, readFanOuts } from '../policy/written/fanOutFile.js';
import { completionOf } from '../policy/written/writingPolicy.js';
import { runFile } from '../run/placePaths.js';
import { hasLabels } from '../run/workspace.js';
import type { StageContext } from './stage.js';

/** Fan-outs whose items are looked up at a time. */
const BATCH = 256;

/**
 * The recorded fan-outs of training queries.
 *
 * @throws InputError if there is none
 */
export async function recordedOf(
  runFolder: string,
  path: string,
  { texts }: QueryBatch,
): Promise<FanOutRecord[]> {
  const file = await runFile(runFolder, path);
  const known = new Set(texts);
  const own = (await readFanOuts(file)).filter(({ query }) => known.has(query));
  if (own.length > 0) return own;
  throw new InputError('has no fan-out of a training query; record those of this run', { file });
}

/**
 * What the fan-outs of each training query find, all together; undefined where the config names none.
 *
 * @throws InputError if there are reference sets, which are imitated then, or no training query has a fan-out
 */
export async function recordedSets(
  { run, workspace, config, signal }: StageContext,
  queries: QueryBatch,
): Promise<LabelledQueries | undefined> {
  const { policy } = config;
  if (policy.kind !== 'pointer' || policy.fanOuts === undefined) return undefined;
  if (hasLabels(workspace.queries)) {
    throw new InputError(
      'is for runs without reference sets, which are what the warm start imitates here; leave one of them out',
      { field: 'policy.fanOuts' },
    );
  }
  const rowOf = new Map(queries.texts.map((text, i) => [text, i]));
  const recorded = await recordedOf(run.folder, policy.fanOuts, queries);
  const completions = recorded.map(({ query, subQueries }) => {
    const list = subQueries.slice(0, config.k);
    return { ...completionOf(list, list.length), query: rowOf.get(query)! };
  });
  const references = queries.texts.map(() => new Set<number>());
  for (let start = 0; start < completions.length; start += BATCH) {
    const part = completions.slice(start, start + BATCH);
    const found = await retrieveFanOuts(part, queries, { ...workspace, judge: undefined }, { signal });
    found.forEach(({ retrieved }, i) => {
      for (const item of retrieved) references[part[i].query].add(item);
    });
  }
  return { ...queries, references: references.map((set) => [...set]) };
}
