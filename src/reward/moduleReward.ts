import { InputError } from '../errors.js';
import { defaultExport } from '../userModule.js';
import type { RewardFunction } from './reward.js';

const ADVICE = 'export default (fanOut) => number';

/**
 * The reward of a module of the user's: its default export.
 *
 * @throws InputError if the module is missing, does not run, or exports something else
 */
export async function loadModuleReward(file: string): Promise<RewardFunction> {
  const reward = await defaultExport(file, ADVICE);
  if (typeof reward === 'function') return reward as RewardFunction;
  throw new InputError(`the default export is no function of a fan-out; write "${ADVICE}"`, { file });
}
