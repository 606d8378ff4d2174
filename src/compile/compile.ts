import { dirname, resolve } from 'node:path';
import { type Catalog, loadCatalog } from '../catalog/catalog.js';
import { catalogQueries } from '../catalog/catalogQueries.js';
import type { QueryRecord } from '../catalog/item.js';
import { loadQueries } from '../catalog/queries.js';
import { loadSets } from '../catalog/sets.js';
import type { Encoder } from '../encode/encoder.js';
import { placeModel } from '../encode/encoderSetting.js';
import { loadEncoder } from '../encode/loadEncoder.js';
import { hashOfModel } from '../encode/transformersLibrary.js';
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { realPath } from '../files.js';
import { isModule, isPath } from '../moduleSetting.js';
import { checkPolicy } from '../policy/modulePolicy.js';
import { loadOwnPolicy } from '../policy/ownPolicy.js';
import type { Policy } from '../policy/policy.js';
import type { RunControl } from '../progress.js';
import { CROSS_ENCODER_FILES } from '../reward/judge/crossEncoderJudge.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config, UserConfig } from '../run/config.js';
import { type FileFingerprint, fingerprintFile } from '../run/fingerprint.js';
import type { RunInputs, Stage } from '../run/manifest.js';
import { parseConfig } from '../run/parseConfig.js';
import { placePaths } from '../run/placePaths.js';
import { keptVectors } from '../run/runEncoder.js';
import { RunFolder } from '../run/runFolder.js';
import { loadWorkspace } from '../run/workspace.js';
import { TASKS } from '../tasks/tasks.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { compileAblations } from './ablations.js';
import { chooseStage } from './chooseStage.js';
import { compiledReward, rewardWithoutLabels } from './compiledReward.js';
import { diffusionStage } from './diffusionStage.js';
import { encodeStage } from './encodeStage.js';
import { policyStage, warmStartStage } from './policyStages.js';
import { RunJudge } from './runJudge.js';
import { dropCheckpoint, type StageContext, type StageSummary } from './stage.js';
import { synthesisStage } from './synthesisStage.js';

/** The stages that `compile` runs, in order. */
export const COMPILE_STAGES = ['encode', 'warm-start', 'policy', 'synthesis', 'diffusion', 'choose'] as const;
export type CompileStage = (typeof COMPILE_STAGES)[number];

export interface CompileOptions extends RunControl {
  /** Path of the catalog: JSONL, CSV, TSV or Parquet. */
  readonly catalog: string;
  /** Run folder to make, or to go on with. */
  readonly out: string;
  /** Path of reference sets (query, items, split). */
  readonly sets?: string;
  /** Path of broad queries. Absent, and without queries in `sets`: they are made from the catalog's own words. */
  readonly queries?: string;
  readonly config?: UserConfig;
  /**
   * Stop after this stage. `ablations` are those below without the rest; after the warm start another process may be compiling
   * the run.
   */
  readonly stage?: CompileStage | 'ablations';
  /** Also train the diffusions without reinforcement learning that an evaluation compares with. */
  readonly ablations?: boolean;
  /** Start anew where `out` holds a run made of other inputs. */
  readonly force?: boolean;
  /** Your own text encoder in place of the configured one. */
  readonly encoder?: Encoder;
  /** Your own index, which holds the vectors of the run's encode stage (the config's: exact search). */
  readonly index?: VectorIndex;
  /** Your own policy: nothing is trained then, its sets are synthesised. Go on with the same. */
  readonly policy?: Policy;
  /** Your own reward (the config's). Like an encoder it cannot be stored: go on with the same. */
  readonly reward?: RewardFunction;
}

export interface CompileResult {
  /** The run folder. */
  readonly run: string;
  /** Seconds of every finished stage. */
  readonly seconds: Readonly<Partial<Record<CompileStage, number>>>;
}

/**
 * Compiles a set retriever: catalog -> embeddings -> policy (Soft-GRPO) -> synthesised sets -> set diffusion -> the method that does
 * best on validation queries, which `auto` then stands for. Finished stages are not run again, and one that was interrupted goes on at
 * its last checkpoint.
 *
 * @throws InputError for bad input; TrainingError when training diverges; the signal's reason when cancelled
 *
 * @example
 * await compile({ catalog: 'catalog.jsonl', queries: 'queries.txt', out: 'runs/shop' });
 */
export async function compile(options: CompileOptions): Promise<CompileResult> {
  const { out, stage, force, signal, onProgress } = options;
  const last = stage === 'ablations' ? 'warm-start' : stage;
  const given = parseConfig(options.config ?? {});
  // A run's paths are relative to the run.
  const folder = await realPath(out);
  const config = placePaths(given, process.cwd(), folder);
  const runtime: RuntimeOptions = { device: config.device, threads: config.threads };
  const catalog = await loadCatalog(options.catalog, { ...config.catalog, signal, onProgress });
  if (catalog.items.length < config.k) {
    throw new InputError(
      `has ${catalog.items.length} items, fewer than k = ${config.k}; lower k or add items`,
      { file: options.catalog },
    );
  }
  const queries = await collectQueries(options, catalog, config);
  const encoder = await loadEncoder(config.encoder, {
    own: options.encoder,
    runtime,
    folder,
    dim: catalog.vectors?.cols,
    cache: keptVectors(out),
    imageFolders: [process.cwd(), dirname(options.catalog)],
    signal,
  });
  const run = await RunFolder.create(
    out,
    {
      config,
      catalog: { ...(await fingerprintFile(options.catalog, signal)), items: catalog.items.length },
      ...(options.sets && { sets: await fingerprintFile(options.sets, signal) }),
      ...(options.queries && { queries: await fingerprintFile(options.queries, signal) }),
      encoder: encoder.id,
      ...(await ownModules(config, folder, signal)),
    },
    { force },
  );
  const wanted = COMPILE_STAGES.slice(0, last && COMPILE_STAGES.indexOf(last) + 1);
  const done = last !== undefined && wanted.every((name) => run.stageDone(name));
  await using _lock = done ? undefined : await run.lock();
  const budget = budgetOf(config, catalog.items.length);
  checkOwnPolicy(run, options.policy !== undefined || isModule(config.policy));
  await once(run, 'encode', () =>
    encodeStage({ run, config, budget, runtime, catalog, queries, encoder, signal, onProgress }),
  );
  const workspace = await loadWorkspace(run, encoder, runtime, { index: options.index });
  const policy =
    options.policy ?? (await loadOwnPolicy(run, config, workspace, { ...runtime, k: config.k, signal }));
  const judge = new RunJudge({
    run,
    config,
    workspace,
    runtime,
    // Test queries are asked about by evaluations alone.
    queries: workspace.queries.filter(({ split }) => split !== 'test').map(({ query }) => query),
    signal,
    onProgress,
  });
  try {
    const rewards = { run, config, workspace, judge, own: options.reward };
    const rewarded = await compiledReward(rewards);
    const context: StageContext = {
      run,
      config,
      runtime,
      task: TASKS[config.task],
      reward: rewarded.reward,
      blind: await rewardWithoutLabels(rewards),
      budget: rewarded.countsBudget ? budget : undefined,
      workspace: { ...workspace, judge: rewarded.judge },
      policy: policy && checkPolicy(policy, config.k),
      signal,
      onProgress,
    };
    for (const [name, work] of Object.entries(policy ? AROUND_OWN_POLICY : TRAINING) as [
      Exclude<CompileStage, 'encode'>,
      StageWork,
    ][]) {
      if (!wanted.includes(name)) break;
      signal?.throwIfAborted();
      await once(run, name, async () => work(context));
      await dropCheckpoint(context, name);
    }
    if (stage === 'ablations' || (options.ablations && !stage)) await compileAblations(context);
  } finally {
    await judge.release();
    if (!options.policy) await policy?.release?.();
    await workspace.release();
  }
  const seconds = COMPILE_STAGES.flatMap((s) => {
    const record = run.stageDone(s);
    return record ? [[s, record.seconds]] : [];
  });
  return { run: out, seconds: Object.fromEntries(seconds) };
}

type StageWork = (context: StageContext) => Promise<StageSummary>;

const TRAINING: Readonly<Record<Exclude<CompileStage, 'encode'>, StageWork>> = {
  'warm-start': warmStartStage,
  policy: policyStage,
  synthesis: synthesisStage,
  diffusion: diffusionStage,
  choose: chooseStage,
};

/** Of a policy of the user's there is nothing to train. */
const given: StageWork = async () => ({ seconds: 0, own: true });
const AROUND_OWN_POLICY = { ...TRAINING, 'warm-start': given, policy: given };

/** @throws InputError where the run so far is the work of another policy */
function checkOwnPolicy(run: RunFolder, own: boolean): void {
  const done = run.stageDone('policy') ?? run.stageDone('warm-start');
  if (done === undefined || (done.own === true) === own) return;
  throw new InputError(
    own
      ? 'holds a run that has trained a policy; choose another --out for a policy of your own'
      : 'was compiled with a policy of your own; give it again with the option "policy", or choose another --out',
    { file: run.folder },
  );
}

/** The files behind the config's own policy, reward and judge, and of a judge's model, so that a change is noticed. */
async function ownModules(
  { policy, reward }: Config,
  folder: string,
  signal?: AbortSignal,
): Promise<Pick<RunInputs, 'modules'>> {
  const modules: Record<string, FileFingerprint> = {};
  const judge = 'judge' in reward ? reward.judge : undefined;
  for (const [name, setting] of Object.entries({ policy, reward, judge })) {
    if (!isModule(setting)) continue;
    const { sha256 } = await fingerprintFile(resolve(folder, setting.path), signal);
    modules[name] = { file: setting.path, sha256 };
  }
  if (typeof judge === 'object' && judge.kind === 'crossEncoder') {
    const { model: file, quantized } = judge;
    const model = placeModel(file, folder);
    if (isPath(model))
      modules.judge = { file, sha256: await hashOfModel({ model, quantized, files: CROSS_ENCODER_FILES }) };
  }
  return Object.keys(modules).length > 0 ? { modules } : {};
}

/** Runs a stage unless the run already has it. */
async function once(run: RunFolder, stage: Stage, work: () => Promise<StageSummary>): Promise<void> {
  if (!run.stageDone(stage)) await run.finishStage(stage, await work());
}

async function collectQueries(
  { sets, queries, signal }: CompileOptions,
  catalog: Catalog,
  config: Config,
): Promise<readonly QueryRecord[]> {
  const task = TASKS[config.task];
  const fromSets = sets === undefined ? [] : await loadSets(sets, catalog, { signal });
  const withQuery = fromSets.flatMap(({ query, items, split }) =>
    query === undefined ? [] : [{ query, items, split }],
  );
  if (task.option === 'sets' && withQuery.length === 0) {
    throw new InputError(
      `task "${config.task}" learns from reference sets; give --sets with queries and items`,
      {
        field: 'task',
      },
    );
  }
  const open = queries === undefined ? [] : await loadQueries(queries, { signal });
  const given = task.queries(withQuery, open);
  const chosen = given.length > 0 ? given : catalogQueries(catalog.items);
  if (chosen.some((q) => q.split === 'train' && task.trains(q))) return chosen;
  throw new InputError(`there are no training queries; give --${task.option} with broad queries`, {
    file: { sets, queries }[task.option],
  });
}

/** B, the items which all sub-queries of a query retrieve together; undefined for open-ended tasks. */
export const budgetOf = (config: Config, items: number): number | undefined =>
  TASKS[config.task].budget(config, items);
