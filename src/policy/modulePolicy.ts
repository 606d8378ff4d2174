import * as z from 'zod';
import type { RuntimeOptions } from '../engine/index.js';
import type { RetrievalWorld } from '../environment.js';
import { InputError } from '../errors.js';
import { anyFunction, type Expected, loadUserModule } from '../userModule.js';
import type { Policy } from './policy.js';

/** What the function of a policy module is given, after the world that its sub-queries are searched in. */
export interface PolicyModuleOptions extends RuntimeOptions {
  /** Sub-queries that a completion must have. */
  readonly k: number;
  readonly signal?: AbortSignal;
}

const POLICY: Expected = {
  what: 'a policy',
  advice: 'export default async (world, { k }) => ({ k, sample })',
  shape: z.object({ k: z.int().positive(), sample: anyFunction }),
};

/**
 * The policy of a module of the user's.
 *
 * @throws InputError if the module is missing, does not run, exports something else, or writes another number of sub-queries
 */
export async function loadModulePolicy(
  file: string,
  world: RetrievalWorld,
  options: PolicyModuleOptions,
): Promise<Policy> {
  return checkPolicy(await loadUserModule<Policy>(file, POLICY, [world, options]), options.k, file);
}

/** @throws InputError if the policy writes another number of sub-queries than the run has */
export function checkPolicy(policy: Policy, k: number, file?: string): Policy {
  if (policy.k === k) return policy;
  throw new InputError(`the policy writes ${policy.k} sub-queries, the run's k is ${k}; make them equal`, {
    file,
  });
}
