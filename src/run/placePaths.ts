import { resolve } from 'node:path';
import { placeEncoder } from '../encode/encoderSetting.js';
import { realPath } from '../files.js';
import { type ModuleSetting, placeModule } from '../moduleSetting.js';
import { placePretrained } from '../policy/pretrained/pretrainedSetting.js';
import { placePolicy } from '../policy/written/policySetting.js';
import { placeJudge } from '../reward/judge/judgeSetting.js';
import { placeEngine } from '../vectorIndex/engines/engineSetting.js';
import type { Config } from './config.js';

/**
 * The config with the paths in it, which are relative to `from`, made absolute or, with `to`, relative to that folder: a config file's
 * are relative to the file, a run's to the run, so that a project can be moved with its runs.
 */
export function placePaths(config: Config, from: string, to?: string): Config {
  const { encoder, index, policy, reward } = config;
  return {
    ...config,
    encoder: placeEncoder(encoder, from, to),
    index: placeEngine(placeModule(index, from, to), from, to),
    policy: placePretrained(placePolicy(placeModule(policy, from, to), from, to), from, to),
    reward:
      'judge' in reward && reward.judge
        ? { ...reward, judge: placeJudge(reward.judge, from, to) }
        : placeModule(reward, from, to),
  };
}

/** A file that a run's config names by a path. */
export const runFile = async (runFolder: string, path: string): Promise<string> =>
  resolve(await realPath(runFolder), path);

/** The file of a module that a run's config names. */
export const moduleFile = (runFolder: string, { path }: ModuleSetting): Promise<string> =>
  runFile(runFolder, path);
