import { InputError } from '../../errors.js';
import { isModule } from '../../moduleSetting.js';
import { moduleFile } from '../../run/placePaths.js';
import { defaultExport } from '../../userModule.js';
import { type HybridJudgeOptions, hybridJudge } from './hybridJudge.js';
import { Judge, type JudgeFunction } from './judge.js';
import type { JudgeSetting } from './judgeSetting.js';

export interface OpenJudgeOptions extends HybridJudgeOptions {
  /** The run's folder, which paths are relative to. */
  readonly folder: string;
}

/**
 * Opens the judge of a run's config.
 *
 * @throws InputError if its module cannot be loaded
 */
export async function openJudge(
  setting: JudgeSetting,
  { folder, ...hybrid }: OpenJudgeOptions,
): Promise<Judge> {
  if (typeof setting === 'function') return new Judge(setting);
  if (isModule(setting)) return new Judge(await loadModuleJudge(await moduleFile(folder, setting)));
  return new Judge(hybridJudge(hybrid));
}

const ADVICE = 'export default ({ query, items }) => number[]';

/**
 * The judge of a module of the user's: its default export.
 *
 * @throws InputError if the module is missing, does not run, or exports something else
 */
export async function loadModuleJudge(file: string): Promise<JudgeFunction> {
  const judge = await defaultExport(file, ADVICE);
  if (typeof judge === 'function') return judge as JudgeFunction;
  throw new InputError(`the default export is no function that judges items; write "${ADVICE}"`, { file });
}
