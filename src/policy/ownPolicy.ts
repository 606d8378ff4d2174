import type { RetrievalWorld } from '../environment.js';
import { isModule } from '../moduleSetting.js';
import type { Config } from '../run/config.js';
import { moduleFile } from '../run/placePaths.js';
import type { RunFolder } from '../run/runFolder.js';
import { loadModulePolicy, type PolicyModuleOptions } from './modulePolicy.js';
import type { Policy } from './policy.js';

/** The policy of a module that a run's config names; undefined where the run trains its own. */
export async function loadOwnPolicy(
  { folder }: RunFolder,
  { policy }: Config,
  world: RetrievalWorld,
  options: PolicyModuleOptions,
): Promise<Policy | undefined> {
  return isModule(policy) ? loadModulePolicy(await moduleFile(folder, policy), world, options) : undefined;
}

/** Whether the run was compiled with a policy that was given to it, so that it has none of its own. */
export const isPolicyGiven = (run: RunFolder): boolean => run.stageDone('policy')?.own === true;
