/** One compiled run against the baselines, query by query, on test queries that nothing was trained or tuned on. */

import { aspectsOf } from '../candidates/aspects.js';
import { type Choice, choiceOf } from '../choose/choice.js';
import { type ChooseMethodOptions, chooseMethod } from '../choose/chooseMethod.js';
import { setQuality } from '../choose/setQuality.js';
import { rewardWithoutLabels } from '../compile/compiledReward.js';
import { RunJudge } from '../compile/runJudge.js';
import type { Encoder } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import { InputError } from '../errors.js';
import type { RunControl } from '../progress.js';
import { batchOf } from '../queryBatch.js';
import { type LoadRetrieverOptions, loadRun } from '../retrieve/loadRun.js';
import type { MethodSpace } from '../retrieve/method.js';
import { judgeName } from '../reward/judge/judgeSetting.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config } from '../run/config.js';
import { splitQueries, type Workspace } from '../run/workspace.js';
import { budgetOf } from '../tasks/tasks.js';
import { CosineMatrix } from '../vectorIndex/cosineMatrix.js';
import { evaluateMethods, type MethodEvaluation } from './evaluateMethods.js';
import { type HeldoutSpace, labelsOf } from './measure.js';
import { evaluatedMethods } from './methods.js';
import type { MethodName } from './results.js';

export type { MethodEvaluation } from './evaluateMethods.js';

export interface EvaluateRunOptions
  extends RunControl,
    RuntimeOptions,
    Pick<LoadRetrieverOptions, 'encoder' | 'index' | 'policy'> {
  /** At most this many test queries (all). */
  readonly limit?: number;
  /** The reward that Best-of-N chooses by; must not read references (the run's own, or that by its judge). */
  readonly reward?: RewardFunction;
  /** Makes an encoder which the reward never saw, from the catalog's texts; undefined where there is none. */
  readonly heldoutEncoder?: (catalog: readonly string[]) => Promise<Encoder | undefined>;
  /** Only these methods (all that the run has). */
  readonly methods?: readonly MethodName[];
  /** Step counts at which the diffusion is measured besides its own (1, 2, 4, 8, 16). */
  readonly steps?: readonly number[];
}

export interface RunEvaluation {
  readonly config: Config;
  readonly workspace: Workspace;
  /** The test queries, in the order of all answers and metrics. */
  readonly test: QueryBatch;
  readonly counts: { readonly train: number; readonly valid: number; readonly test: number };
  /** B, for weakly supervised tasks. */
  readonly budget?: number;
  /** What validation queries chose; undefined where the run has none. */
  readonly choice?: Choice;
  readonly methods: ReadonlyMap<MethodName, MethodEvaluation>;
  readonly steps: readonly { readonly steps: number; readonly evaluation: MethodEvaluation }[];
  /** Id of the encoder of the held-out metrics. */
  readonly heldoutEncoder?: string;
  /** Who says what the items are worth, where no test query has a reference set. */
  readonly judge?: string;
}

/**
 * Measures every method that the run can answer by.
 *
 * @throws InputError if the run cannot be searched, or has no test queries
 *
 * @example
 * const { methods } = await evaluateRun('runs/shop', { methods: ['plain', 'diffusion'] });
 * const { alphaNdcgAtK, recallAtK } = methods.get('plain')?.metrics ?? {}; // one number a test query
 */
export async function evaluateRun(folder: string, options: EvaluateRunOptions = {}): Promise<RunEvaluation> {
  const { threads, device, signal, limit, encoder, index, policy } = options;
  const runtime: RuntimeOptions = { threads, device };
  const { onProgress } = options;
  const loaded = await loadRun(folder, {
    ...runtime,
    encoder,
    index,
    policy,
    keepFanOuts: true,
    signal,
    onProgress,
  });
  const { run, config, workspace } = loaded;
  const cosines = await CosineMatrix.create(runtime);
  const runJudge = new RunJudge({
    run,
    config,
    workspace,
    runtime,
    queries: workspace.queries.filter(({ split }) => split !== 'train').map(({ query }) => query),
    signal,
    onProgress: options.onProgress,
  });
  try {
    const all = await splitQueries(workspace, 'test', signal);
    const sizeOf = (split: string) => workspace.queries.filter((query) => query.split === split).length;
    if (all.texts.length === 0) throw new InputError('has no test queries to compare on', { file: folder });
    const test = batchOf(all, 0, Math.min(limit ?? all.texts.length, all.texts.length));
    const budget = budgetOf(config, workspace.items.length);
    const { k, seed } = config;
    // Nobody knows a reference set when one searches: Best-of-N cannot choose by it.
    const { reward, judge } = await rewardWithoutLabels({
      run,
      config,
      workspace,
      judge: runJudge,
      own: options.reward,
    });
    const aspectOf = aspectsOf(workspace.items, workspace.vectors, { field: config.catalog.aspect });
    const labels = labelsOf(workspace, aspectOf);
    const quality = await setQuality({ workspace, config, reward, judge, aspectOf, signal });
    const choice = run.stageDone('choose')
      ? choiceOf(run)
      : quality &&
        (await chooseLate(folder, loaded.space, {
          quality,
          k,
          seed,
          signal,
          onProgress: options.onProgress,
        }));
    const space = { ...loaded.space, settings: choice?.settings ?? {}, cosines, judge };
    const lazy = await evaluatedMethods({
      run,
      config,
      queries: [...test.texts, ...(quality?.queries.texts ?? [])],
      space,
      reward,
      runtime,
    });
    const offered = await options.heldoutEncoder?.(workspace.items.map((item) => item.text));
    // Of the run's own encoder nothing is held out.
    const heldoutEncoder = offered?.id === run.manifest.encoder ? undefined : offered;
    const labelled = test.references?.some((reference) => reference.length > 0) ?? false;
    const judging = labelled ? undefined : await runJudge.open();
    const heldout = heldoutEncoder && (await heldoutSpace(heldoutEncoder, workspace, test, signal));
    const { methods, steps } = await evaluateMethods(lazy, {
      ...options,
      world: workspace,
      queries: test,
      config,
      k,
      seed,
      budget,
      choice,
      quality,
      labels,
      judge: judging,
      heldout,
    });
    return {
      config,
      workspace,
      test,
      counts: { train: sizeOf('train'), valid: sizeOf('valid'), test: test.texts.length },
      ...(choice && { choice }),
      budget,
      methods,
      steps,
      ...(heldoutEncoder && { heldoutEncoder: heldoutEncoder.id }),
      ...(judging && { judge: judgeName(runJudge.setting) }),
    };
  } finally {
    await runJudge.release();
    await cosines.release();
    await loaded.release();
  }
}

/** What the last stage of a compilation does, for a run that ends before it. */
function chooseLate(file: string, space: MethodSpace, options: ChooseMethodOptions): Promise<Choice> {
  options.onProgress?.({
    stage: 'choose',
    done: 0,
    total: 1,
    warning: `${file}: no method was chosen when this run was compiled, so it is done now; compile again to finish the run`,
  });
  return chooseMethod(space, options);
}

async function heldoutSpace(
  encoder: Encoder,
  { items }: Workspace,
  test: QueryBatch,
  signal?: AbortSignal,
): Promise<HeldoutSpace> {
  const vectors = await encoder.encode(
    items.map((item) => item.text),
    { signal },
  );
  return { encoder, vectors, queries: await encoder.encode(test.texts, { signal }) };
}
