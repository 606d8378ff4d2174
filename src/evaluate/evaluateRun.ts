/** One compiled run against the baselines, query by query, on test queries that nothing was trained or tuned on. */

import { aspectsOf } from '../candidates/aspects.js';
import { type Choice, choiceOf } from '../choose/choice.js';
import { type ChooseMethodOptions, chooseMethod } from '../choose/chooseMethod.js';
import { setQuality } from '../choose/setQuality.js';
import { answer, type PlacedMethod, tune } from '../choose/tune.js';
import { budgetOf } from '../compile/compile.js';
import { rewardWithoutLabels } from '../compile/compiledReward.js';
import { RunJudge } from '../compile/runJudge.js';
import { CachedEncoder } from '../encode/cached.js';
import type { Encoder } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { batchOf } from '../queryBatch.js';
import { type LoadRetrieverOptions, loadRun } from '../retrieve/loadRun.js';
import type { MethodSpace, RetrievedSet, Setting } from '../retrieve/method.js';
import { METHOD_NAMES } from '../retrieve/methodNames.js';
import { answerer } from '../retrieve/methods.js';
import { judgeName } from '../reward/judge/judgeSetting.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config } from '../run/config.js';
import { splitQueries, type Workspace } from '../run/workspace.js';
import { CosineMatrix } from '../vectorIndex/cosineMatrix.js';
import { vsOfDirections } from './directionDiversity.js';
import { type HeldoutSpace, labelsOf, measureAnswers, type QueryMetrics } from './measure.js';
import { evaluatedMethods } from './methods.js';
import { COMPILED, type MethodName } from './results.js';

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

/** What one method did. */
export interface MethodEvaluation {
  readonly metrics: QueryMetrics;
  /** Median over batches of 8, from text to items. */
  readonly msPerQuery: number;
  readonly answers: readonly RetrievedSet[];
  /** The number that was chosen for it on the validation queries, where it has one. */
  readonly setting?: { readonly name: Setting['name']; readonly value: number };
  /** Mean quality of its sets on the validation queries, by the metric of the run's choice. */
  readonly validation?: number;
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

/** Methods that answer otherwise the next time. Best-of-N too, but its VS would take five times as many samples as that of the others. */
const hasVs = (name: MethodName): boolean =>
  name !== 'bestOfN' && COMPILED.some((compiled) => compiled === name);

/** Queries answered together. */
const BATCH = 8;

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
  const loaded = await loadRun(folder, { ...runtime, encoder, index, policy, signal });
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
    const lazy = await evaluatedMethods({ run, space, reward, runtime });
    const offered = await options.heldoutEncoder?.(workspace.items.map((item) => item.text));
    // Of the run's own encoder nothing is held out.
    const heldoutEncoder = offered?.id === run.manifest.encoder ? undefined : offered;
    const labelled = test.references?.some((reference) => reference.length > 0) ?? false;
    const judging = labelled ? undefined : await runJudge.open();
    const heldout = heldoutEncoder && (await heldoutSpace(heldoutEncoder, workspace, test, signal));
    const evaluate = async (evaluated: PlacedMethod, steps?: number): Promise<MethodEvaluation> => {
      const ask: Ask = (queries, options) => answer(evaluated, queries, { k, budget, steps, ...options });
      const { answers, msPerQuery } = await answerAll(ask, test, workspace, seed, signal);
      const metrics = await measureAnswers(answers, {
        world: workspace,
        queries: test,
        k,
        labels,
        judge: judging,
        heldout,
        signal,
      });
      return { metrics, msPerQuery, answers };
    };
    const methods = new Map<MethodName, MethodEvaluation>();
    const wanted = [...lazy].filter(([name]) => options.methods?.includes(name) ?? true);
    const stepCounts = wanted.some(([name]) => name === 'diffusion')
      ? (options.steps ?? [1, 2, 4, 8, 16])
      : [];
    const total = wanted.length + stepCounts.length;
    const report = () =>
      options.onProgress?.({ stage: 'evaluate', done: methods.size + steps.length, total, metrics: {} });
    const steps: { steps: number; evaluation: MethodEvaluation }[] = [];
    for (const [name, make] of wanted) {
      let evaluated = await make();
      const { method } = evaluated;
      const served = METHOD_NAMES.find((known) => known === name);
      // What nobody can search by, the compilation has not compared.
      const tuned = served || !quality ? undefined : await tune(evaluated, { quality, k, seed, signal });
      const value = served ? choice?.settings[served] : tuned?.setting;
      const validation = served ? choice?.values[served] : tuned?.worth;
      const by = answerer(evaluated.space, method);
      const { setting } = by;
      if (value !== undefined)
        evaluated = {
          method,
          space: { ...evaluated.space, settings: { ...space.settings, [method]: value } },
        };
      const evaluation = await evaluate(evaluated);
      const vs =
        'fanOut' in by && hasVs(name)
          ? await directionDiversity(evaluated, evaluation.answers, k, test, signal)
          : undefined;
      methods.set(name, {
        ...evaluation,
        ...(setting && value !== undefined && { setting: { name: setting.name, value } }),
        ...(validation !== undefined && { validation }),
        metrics: vs ? { ...evaluation.metrics, vs } : evaluation.metrics,
      });
      report();
      if (name !== 'diffusion') continue;
      for (const count of stepCounts) {
        steps.push({ steps: count, evaluation: await evaluate(evaluated, count) });
        report();
      }
    }
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

/** Runs of which VS is the mean, as in the paper, and queries answered at once where no time is taken. */
const VS_RUNS = 5;
const LARGE_BATCH = 64;

/** VS of every query (see `vsOfDirections`); `answers` are the first run's. */
async function directionDiversity(
  evaluated: PlacedMethod,
  answers: readonly RetrievedSet[],
  k: number,
  queries: QueryBatch,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const runs: Matrix[][] = answers.map(({ directions }) => [directions]);
  for (let run = 1; run < VS_RUNS; run++) {
    for (let start = 0; start < queries.texts.length; start += LARGE_BATCH) {
      signal?.throwIfAborted();
      const batch = batchOf(queries, start, start + LARGE_BATCH);
      const again = await answer(evaluated, batch, { k, seed: 1000 + run, signal });
      again.forEach(({ directions }, i) => {
        runs[start + i].push(directions);
      });
    }
  }
  return Float64Array.from(runs, (directions) => vsOfDirections(directions, k));
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

type Ask = (
  queries: QueryBatch,
  options: { readonly seed: number; readonly signal?: AbortSignal },
) => Promise<RetrievedSet[]>;

/** Answers all queries in batches, timed from the text on. */
async function answerAll(
  ask: Ask,
  queries: QueryBatch,
  { encoder, subQueryEncoder }: Workspace,
  seed: number,
  signal?: AbortSignal,
): Promise<{ answers: RetrievedSet[]; msPerQuery: number }> {
  const answers: RetrievedSet[] = [];
  const times: number[] = [];
  // The first batch pays for lazy initialisation; it is run once unmeasured.
  await ask(batchOf(queries, 0, BATCH), { seed, signal });
  // No method may profit from the texts another one has encoded.
  for (const cached of [encoder, subQueryEncoder]) if (cached instanceof CachedEncoder) cached.clear();
  for (let start = 0; start < queries.texts.length; start += BATCH) {
    signal?.throwIfAborted();
    const batch = batchOf(queries, start, start + BATCH);
    const started = performance.now();
    const vectors = await encoder.encode(batch.texts, { signal });
    answers.push(...(await ask({ ...batch, vectors }, { seed, signal })));
    times.push((performance.now() - started) / batch.texts.length);
  }
  return { answers, msPerQuery: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] };
}
