/** The queries that a run learns from, and those it is judged by. */
import type { QueryBatch } from '../environment.js';
import { InputError } from '../errors.js';
import { labelledOf } from '../labelled.js';
import { gatherRows } from '../matrix.js';
import type { RewardFunction } from '../reward/reward.js';
import { hasLabels, splitQueries } from '../run/workspace.js';
import type { StageContext } from './stage.js';

type Context = Pick<StageContext, 'workspace' | 'policy' | 'signal'>;

/**
 * Those with reference sets, where there are such; a policy that is used as it is, and learns nothing, is asked all that it knows.
 *
 * @throws InputError where it knows none of them
 */
export async function trainingQueries({ workspace, policy, signal }: Context): Promise<QueryBatch> {
  const all = await splitQueries(workspace, 'train', signal);
  if (!policy) return hasLabels(workspace.queries) ? labelledOf(all) : all;
  if (!policy.knows) return all;
  const rows = [...all.texts.keys()].filter((i) => policy.knows?.(all.texts[i]));
  if (rows.length === 0)
    throw new InputError('has no fan-out of a training query; record those of this run', {
      field: 'policy.path',
    });
  return {
    texts: rows.map((i) => all.texts[i]),
    vectors: gatherRows(all.vectors, rows),
    references: all.references && rows.map((i) => all.references![i]),
  };
}

/** Those with reference sets, where the run learns from such. */
export async function validationQueries({ workspace, signal }: Context): Promise<QueryBatch> {
  const all = await splitQueries(workspace, 'valid', signal);
  return hasLabels(workspace.queries) ? labelledOf(all) : all;
}

/** The reward; a query without a reference set has none to be known where others have one, but its sets are worth learning from. */
export const knownReward =
  ({ workspace, reward }: Pick<StageContext, 'workspace' | 'reward'>): RewardFunction =>
  (fanOut) =>
    fanOut.reference.length > 0 || !hasLabels(workspace.queries) ? reward(fanOut) : 0;
