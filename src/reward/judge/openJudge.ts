import type { Item } from '../../catalog/item.js';
import { placeModel } from '../../encode/encoderSetting.js';
import type { RuntimeOptions } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import { realPath } from '../../files.js';
import { apiKeyOf, type Environment } from '../../llm/apiKey.js';
import type { RunControl } from '../../progress.js';
import { moduleFile } from '../../run/placePaths.js';
import { defaultExport } from '../../userModule.js';
import { openChatJudge } from './chatJudge.js';
import { openCrossEncoder } from './crossEncoderJudge.js';
import { type HybridJudgeOptions, hybridJudge } from './hybridJudge.js';
import { Judge, type JudgeFunction } from './judge.js';
import type { ChatJudgeSetting, JudgeSetting } from './judgeSetting.js';

export interface OpenJudgeOptions extends HybridJudgeOptions, RunControl {
  /** The run's folder, which paths are relative to. */
  readonly folder: string;
  /** The catalog. */
  readonly items: readonly Item[];
  /** Queries that it may be asked about, for telling what that may cost. */
  readonly queries: readonly string[];
  /** File for answers that cost something (none). */
  readonly answers?: string;
  readonly runtime?: RuntimeOptions;
  /** Environment variables, for API keys (the process's). */
  readonly env?: Environment;
}

/**
 * Opens the judge of a run's config. Release it: it may hold a model or a file.
 *
 * @throws InputError if its module, model, package or API key is missing
 */
export async function openJudge(setting: JudgeSetting, options: OpenJudgeOptions): Promise<Judge> {
  const { folder, runtime, signal } = options;
  if (typeof setting === 'function') return new Judge(setting);
  if (typeof setting === 'string') return new Judge(hybridJudge(options));
  switch (setting.kind) {
    case 'module':
      return new Judge(await loadModuleJudge(await moduleFile(folder, setting)));
    case 'chat':
      return chatJudge(setting, options);
    case 'crossEncoder': {
      const model = placeModel(setting.model, await realPath(folder));
      return openCrossEncoder({ ...runtime, model, quantized: setting.quantized, signal });
    }
  }
}

function chatJudge(
  { baseUrl, provider, model, apiKeyEnv, batchSize, concurrency, prices }: ChatJudgeSetting,
  { items, vectors, queries, answers, env, onProgress }: OpenJudgeOptions,
): Promise<Judge> {
  return openChatJudge({
    endpoint: { baseUrl, provider, model, apiKey: apiKeyOf(apiKeyEnv, 'reward.judge.apiKeyEnv', env) },
    batchSize,
    concurrency,
    prices,
    cacheFile: answers,
    items,
    vectors,
    queries,
    onProgress,
  });
}

const ADVICE = 'export default ({ query, items }) => number[]';

/**
 * The judge of a module of the user's: its default export.
 *
 * @throws InputError if the module is missing, does not run, or exports something else
 */
async function loadModuleJudge(file: string): Promise<JudgeFunction> {
  const judge = await defaultExport(file, ADVICE);
  if (typeof judge === 'function') return judge as JudgeFunction;
  throw new InputError(`the default export is no function that judges items; write "${ADVICE}"`, { file });
}
