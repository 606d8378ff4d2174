/** The queries that a run learns from, and those it is judged by. */
import type { QueryBatch } from '../environment.js';
import { labelledOf } from '../labelled.js';
import type { RewardFunction } from '../reward/reward.js';
import { hasLabels, splitQueries } from '../run/workspace.js';
import type { StageContext } from './stage.js';

type Context = Pick<StageContext, 'workspace' | 'policy' | 'signal'>;

/** Those with reference sets, where there are such; a policy of the user's, which learns nothing, is asked all. */
export async function trainingQueries({ workspace, policy, signal }: Context): Promise<QueryBatch> {
  const all = await splitQueries(workspace, 'train', signal);
  return policy || !hasLabels(workspace.queries) ? all : labelledOf(all);
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
