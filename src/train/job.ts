/** A training job as files: what TRL or verl is told of a run's training, and the scripts that do it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { QueryRecord } from '../catalog/item.js';
import { loadWeights } from '../engine/index.js';
import { InputError } from '../errors.js';
import { POLICY_FILES } from '../policy/policyFiles.js';
import { type FanOutExample, fanOutMessages } from '../policy/pretrained/fanOutText.js';
import { writeAdapter } from '../policy/pretrained/files/adapter.js';
import { loadTunedModel } from '../policy/pretrained/pretrainedFiles.js';
import { TOKENS_A_LINE } from '../policy/pretrained/pretrainedPolicy.js';
import { examplesOf } from '../policy/written/prompt.js';
import { placeInRun } from '../retrieve/loadRun.js';
import { loadItems } from '../run/catalogFiles.js';
import { type Config, isTuned, type TunedPolicySettings } from '../run/config.js';
import type { RunFolder } from '../run/runFolder.js';
import { hasLabels, readQueries } from '../run/workspace.js';
import { TRAIN_FOLDER } from './jobFolder.js';
import { verlScript } from './verl.js';

export interface JobPlace {
  /** More than one: verl does it. */
  readonly nodes: number;
  /** Of each node. */
  readonly gpus: number;
}

export interface TrainJob {
  /** Made of everything below: the same training has the same. */
  readonly id: string;
  readonly entrypoint: string;
  readonly files: Readonly<Record<string, Uint8Array>>;
  readonly settings: TunedPolicySettings;
  /** Shown with every prompt. */
  readonly examples: readonly FanOutExample[];
}

const SCRIPTS = fileURLToPath(new URL('../../integrations/python/', import.meta.url));
const COMMON = ['r4t_reward.py', 'send_adapter.py'];

/**
 * @throws InputError if the run trains no language model, has trained one already, or its model is none that trainers read
 */
export async function makeJob(run: RunFolder, config: Config, place: JobPlace): Promise<TrainJob> {
  const { policy, k, seed } = config;
  if (!isTuned(policy))
    throw new InputError(`is "${policy.kind}"; only a policy of kind "pretrained" is trained elsewhere`, {
      file: run.folder,
      field: 'policy.kind',
    });
  if (!run.stageDone('encode'))
    throw new InputError('is not encoded; compile it with --stage encode first', { file: run.folder });
  const model = await placeInRun(run, policy);
  if (model.endsWith('.gguf'))
    throw new InputError(
      `"${model}" is a GGUF file, which trainers cannot tune; give a folder with safetensors or a name of the hub`,
      { field: 'policy.model' },
    );
  const queries = await trainedWith(run);
  const { examples, adapter } = await beginning(run, config, policy, model);
  const { lora, steps, queriesPerStep, groupSize, epochs, learningRate, clip, klOld, klReverse } = policy;
  const settings = {
    ...{
      model,
      lora,
      k,
      steps,
      queriesPerStep,
      groupSize,
      epochs,
      learningRate,
      clip,
      klOld,
      klReverse,
      seed,
    },
    maxCompletionLength: TOKENS_A_LINE * k,
    rewardedBy: rewardIdentity(run),
  };
  // One row is read by TRL (`query`), verl (`reward_model`, `data_source`) and OpenRLHF (`query` as label).
  const rows = queries.map(({ query }) => ({
    prompt: fanOutMessages(query, k, examples),
    query,
    data_source: 'r4t',
    reward_model: { style: 'rule', ground_truth: query },
  }));
  const several = place.nodes > 1;
  const scripts = [...COMMON, ...(several ? [] : ['soft_grpo_trainer.py', 'train_trl.py'])];
  const files: Record<string, Uint8Array> = {
    'job.json': bytes(`${JSON.stringify(settings, null, 2)}\n`),
    'train.jsonl': bytes(rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
    ...(several && { 'train_verl.sh': bytes(verlScript(settings, place, adapter !== undefined)) }),
    ...adapter,
  };
  for (const name of scripts) files[name] = await readFile(join(SCRIPTS, name));
  const entrypoint = several
    ? 'bash train_verl.sh'
    : place.gpus > 1
      ? `accelerate launch --num_processes ${place.gpus} train_trl.py`
      : 'python train_trl.py';
  const hash = createHash('sha256').update(entrypoint);
  for (const name of Object.keys(files).sort()) hash.update(`\0${name}\0`).update(files[name]);
  return { id: `r4t-${hash.digest('hex').slice(0, 16)}`, entrypoint, files, settings: policy, examples };
}

/** Tells the rewards of a run from those of another: its inputs, and how they are rewarded. */
function rewardIdentity({ manifest }: RunFolder): string {
  const { catalog, sets, queries, encoder, modules, config } = manifest;
  const { reward, k, dimensions, task, budget, catalog: fields } = config;
  const inputs = [catalog, sets, queries, modules?.reward, modules?.judge].map((one) => one?.sha256);
  const all = [inputs, encoder, reward, k, dimensions, task, budget, fields];
  return createHash('sha256').update(JSON.stringify(all)).digest('hex').slice(0, 16);
}

/** Each once: the reward is the mean over the sets of a query. */
async function trainedWith(run: RunFolder): Promise<readonly QueryRecord[]> {
  const all = await readQueries(run);
  const labelled = hasLabels(all);
  const own = all.filter(({ split, items }) => split === 'train' && (!labelled || items.length > 0));
  const queries = [...new Map(own.map((record) => [record.query, record])).values()];
  if (queries.length > 0) return queries;
  throw new InputError('has no training queries', { file: run.folder });
}

/** What the warm-up has left, where the run has been through it; else the model begins as it is. */
async function beginning(
  run: RunFolder,
  { k, seed }: Config,
  { examples: count, lora }: TunedPolicySettings,
  baseModel: string,
): Promise<{ examples: readonly FanOutExample[]; adapter?: Readonly<Record<string, Uint8Array>> }> {
  if (!run.stageDone('warm-start')) {
    if (count === 0) return { examples: [] };
    const queries = (await readQueries(run)).filter(({ split }) => split === 'train');
    const sets = { texts: queries.map(({ query }) => query), references: queries.map(({ items }) => items) };
    const { items, close } = await loadItems(run);
    try {
      return { examples: examplesOf(sets, items, { count, k, seed }) };
    } finally {
      close();
    }
  }
  await run.check('warm-start');
  const { examples } = await loadTunedModel(run.path(...POLICY_FILES.model));
  const weights = await loadWeights(run.path(...POLICY_FILES.untrained));
  const tensors = [...weights].map(([name, { data, dims }]) => [name, { shape: dims, data }]);
  const folder = run.path(TRAIN_FOLDER, 'start');
  await writeAdapter(folder, { lora, tensors: Object.fromEntries(tensors), baseModel });
  const adapter: Record<string, Uint8Array> = {};
  for (const name of ['adapter_config.json', 'adapter_model.safetensors'])
    adapter[`adapter/${name}`] = await readFile(join(folder, name));
  return { examples, adapter };
}

const bytes = (text: string): Uint8Array => Buffer.from(text);
