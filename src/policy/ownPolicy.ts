/** The policy of a run that is used as it is: a language model, what one has written, or a module of the user's. */
import { apiKeyOf } from '../llm/apiKey.js';
import type { RunControl } from '../progress.js';
import type { Config } from '../run/config.js';
import { runFile } from '../run/placePaths.js';
import type { RunFolder } from '../run/runFolder.js';
import type { Workspace } from '../run/workspace.js';
import { loadModulePolicy, type PolicyModuleOptions } from './modulePolicy.js';
import type { Policy } from './policy.js';
import { ChatWriter } from './written/chatWriter.js';
import { FanOutLog } from './written/fanOutFile.js';
import { GgufWriter, nameOfGguf } from './written/ggufWriter.js';
import type { ChatPolicySetting, GgufPolicySetting } from './written/policySetting.js';
import { examplesOf, type FanOutPrompt, INSTRUCTION, promptMessages } from './written/prompt.js';
import { RecordedPolicy } from './written/recordedPolicy.js';
import type { Writer } from './written/writer.js';
import { WritingPolicy } from './written/writingPolicy.js';

/** Every fan-out that a run has had written; outside the stages' folders, so that starting anew pays for nothing again. */
export const FAN_OUTS = 'fanOuts.jsonl';

export interface LoadOwnPolicyOptions extends PolicyModuleOptions, RunControl {
  /** Whether what is written is kept in the run; else what is there is only read. */
  readonly keep: boolean;
}

/**
 * @returns undefined where the run trains its policy
 * @throws InputError if a file, package or API key is missing
 */
export async function loadOwnPolicy(
  run: RunFolder,
  { policy, seed }: Config,
  workspace: Workspace,
  options: LoadOwnPolicyOptions,
): Promise<Policy | undefined> {
  const { keep, onProgress, ...others } = options;
  const { k } = others;
  switch (policy.kind) {
    case 'module':
      return loadModulePolicy(await runFile(run.folder, policy.path), workspace, others);
    case 'recorded':
      // Searches cannot ask it anything, and shall not need its file.
      return keep
        ? RecordedPolicy.load(await runFile(run.folder, policy.path), k)
        : new RecordedPolicy([], k, policy.path);
    case 'chat':
    case 'gguf': {
      const prompt = promptOf(policy, workspace, { k, seed });
      const writer =
        policy.kind === 'chat' ? chatWriter(policy) : await ggufWriter(run, policy, prompt, options);
      const file = run.path(FAN_OUTS);
      const log = keep ? await FanOutLog.open(file) : await FanOutLog.read(file);
      return new WritingPolicy({ writer, prompt, log, onProgress });
    }
    default:
      return undefined;
  }
}

function promptOf(
  setting: ChatPolicySetting | GgufPolicySetting,
  { queries, items }: Workspace,
  { k, seed }: { readonly k: number; readonly seed: number },
): FanOutPrompt {
  const { examples: count } = setting;
  const inLines = setting.kind === 'chat' && setting.answers === 'lines';
  const { instruction = inLines ? undefined : INSTRUCTION } = setting;
  const training = queries.filter(({ split }) => split === 'train');
  const sets = { texts: training.map(({ query }) => query), references: training.map((one) => one.items) };
  const examples = examplesOf(sets, items, { count, k, seed });
  return { instruction, k, examples, ...(inLines && { answers: 'lines' }) };
}

function chatWriter({ baseUrl, provider, model, apiKeyEnv, concurrency, prices }: ChatPolicySetting): Writer {
  const urls = typeof baseUrl === 'object' ? baseUrl : [baseUrl];
  const endpoints = urls.map((url) => ({
    baseUrl: url,
    provider,
    model,
    // Read when it is asked: who searches by what was compiled needs no key.
    get apiKey() {
      return apiKeyOf(apiKeyEnv, 'policy.apiKeyEnv');
    },
  }));
  return new ChatWriter({ endpoints, concurrency, prices });
}

/** Opened when it is first asked: who searches by what was compiled needs neither the file nor the package. */
async function ggufWriter(
  run: RunFolder,
  { model, concurrency: sequences }: GgufPolicySetting,
  prompt: FanOutPrompt,
  { k, threads }: LoadOwnPolicyOptions,
): Promise<Writer> {
  const file = await runFile(run.folder, model);
  let opened: Promise<GgufWriter> | undefined;
  const open = (signal?: AbortSignal) =>
    GgufWriter.open({ file, sequences, k, longest: promptMessages(prompt, ''), threads, signal });
  return {
    model: nameOfGguf(file),
    place: model,
    concurrency: sequences,
    async write(messages, asked) {
      opened ??= open(asked.signal);
      return (await opened).write(messages, asked);
    },
    async release() {
      // One that could not be opened holds nothing.
      await (await opened?.catch(() => undefined))?.release();
    },
  };
}

/** Whether the run was compiled with a policy that is used as it is, so that it has trained none. */
export const isPolicyGiven = (run: RunFolder): boolean => run.stageDone('policy')?.own === true;
