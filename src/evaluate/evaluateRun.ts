/** One compiled run against the baselines, query by query, on test queries that nothing was trained or tuned on. */
import { budgetOf } from '../compile/compile.js';
import { type CompiledReward, rewardWithoutLabels } from '../compile/compiledReward.js';
import { CachedEncoder } from '../encode/cached.js';
import type { Encoder } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import { InputError } from '../errors.js';
import { labelledOf } from '../labelled.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { type LoadRetrieverOptions, loadRun } from '../retrieve/loadRun.js';
import type { RetrievedSet, Setting } from '../retrieve/method.js';
import { METHODS } from '../retrieve/methods.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config } from '../run/config.js';
import { splitQueries, type Workspace } from '../run/workspace.js';
import { CosineMatrix } from '../vectorIndex/cosineMatrix.js';
import { aspectsOf } from './aspects.js';
import { vsOfDirections } from './directionDiversity.js';
import { type HeldoutSpace, labelsOf, measureAnswers, type QueryMetrics } from './measure.js';
import { answer, batchOf, type EvaluatedMethod, evaluatedMethods } from './methods.js';
import { COMPILED, type MethodName } from './results.js';
import { tune } from './tuning.js';

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
  /** Mean alpha-nDCG@k on the validation queries, where they have labels. */
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
  readonly methods: ReadonlyMap<MethodName, MethodEvaluation>;
  readonly steps: readonly { readonly steps: number; readonly evaluation: MethodEvaluation }[];
  /** Id of the encoder of the held-out metrics. */
  readonly heldoutEncoder?: string;
}

/** Methods that answer otherwise the next time. Best-of-N too, but its VS would take five times as many samples as that of the others. */
const hasVs = (name: MethodName): boolean =>
  name !== 'bestOfN' && COMPILED.some((compiled) => compiled === name);

/** Queries answered together, and validation queries that settings are chosen on. */
const BATCH = 8;
const TUNING_QUERIES = 200;

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
  try {
    const all = await splitQueries(workspace, 'test', signal);
    const valid = await splitQueries(workspace, 'valid', signal);
    const train = workspace.queries.filter(({ split }) => split === 'train').length;
    if (all.texts.length === 0) throw new InputError('has no test queries to compare on', { file: folder });
    const test = batchOf(all, 0, Math.min(limit ?? all.texts.length, all.texts.length));
    const budget = budgetOf(config, workspace.items.length);
    const { k, seed } = config;
    const { reward, judge }: Pick<CompiledReward, 'reward' | 'judge'> = options.reward
      ? { reward: options.reward }
      : await rewardWithoutLabels({ run, config, workspace });
    const space = { ...loaded.space, settings: {}, cosines, judge };
    const lazy = await evaluatedMethods({ run, space, reward, runtime });
    const labels = labelsOf(
      workspace,
      await aspectsOf(workspace.items, workspace.vectors, { field: config.catalog.aspect }),
    );
    const judged = labelledOf(valid);
    const validation = labelledOf(batchOf(judged, 0, Math.min(TUNING_QUERIES, judged.texts.length)));
    const offered = await options.heldoutEncoder?.(workspace.items.map((item) => item.text));
    // Of the run's own encoder nothing is held out.
    const heldoutEncoder = offered?.id === run.manifest.encoder ? undefined : offered;
    const heldout = heldoutEncoder && (await heldoutSpace(heldoutEncoder, workspace, test, signal));
    const evaluate = async (evaluated: EvaluatedMethod, steps?: number): Promise<MethodEvaluation> => {
      const ask: Ask = (queries, options) => answer(evaluated, queries, { k, budget, steps, ...options });
      const { answers, msPerQuery } = await answerAll(ask, test, workspace, seed, signal);
      const metrics = await measureAnswers(answers, {
        world: workspace,
        queries: test,
        k,
        labels,
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
      let chosen: Pick<MethodEvaluation, 'setting' | 'validation'> = {};
      if (validation.texts.length > 0) {
        const found = await tune(evaluated, { validation, labels, k, seed, signal });
        const { setting } = METHODS[evaluated.method];
        const value = found.settings[evaluated.method];
        chosen = {
          validation: found.worth,
          ...(setting && value !== undefined && { setting: { name: setting.name, value } }),
        };
        evaluated = { ...evaluated, space: { ...evaluated.space, settings: found.settings } };
      }
      const evaluation = await evaluate(evaluated);
      const vs = hasVs(name)
        ? await directionDiversity(evaluated, evaluation.answers, k, test, signal)
        : undefined;
      methods.set(name, {
        ...evaluation,
        ...chosen,
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
      counts: { train, valid: valid.texts.length, test: test.texts.length },
      budget,
      methods,
      steps,
      ...(heldoutEncoder && { heldoutEncoder: heldoutEncoder.id }),
    };
  } finally {
    await cosines.release();
    await loaded.release();
  }
}

/** Runs of which VS is the mean, as in the paper, and queries answered at once where no time is taken. */
const VS_RUNS = 5;
const LARGE_BATCH = 64;

/** VS of every query (see `vsOfDirections`); `answers` are the first run's. */
async function directionDiversity(
  evaluated: EvaluatedMethod,
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
