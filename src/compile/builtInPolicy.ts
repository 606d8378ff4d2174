/** The policy that a run trains itself, of whichever kind. */
import type { Policy } from '../policy/policy.js';
import { loadPolicy, loadPolicyModel, POLICY_FILES } from '../policy/policyFiles.js';
import type { TargetRows } from '../synthesis/synthesize.js';
import { openPointer, pointerSettings } from './pointerStages.js';
import type { StageContext } from './stage.js';

/** @param weights those of the warm start, or those that were trained */
export async function openPolicy(context: StageContext, weights: 'untrained' | 'trained'): Promise<Policy> {
  const { run, config, workspace, runtime } = context;
  if (pointerSettings(config)) return (await openPointer(context, weights)).policy;
  const model = await loadPolicyModel(run.path(...POLICY_FILES.model));
  return loadPolicy(model, run.path(...POLICY_FILES[weights]), workspace, runtime);
}

/** What the rows of its sets are: whoever chooses items has no sub-queries. */
export const rowsOf = ({ policy, config, task }: StageContext): TargetRows =>
  !policy && pointerSettings(config) ? 'items' : task.rows;
