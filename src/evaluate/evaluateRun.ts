/** One compiled run against its opponents, query by query, on test queries that nothing was trained or tuned on. */

import { ABLATIONS, ablationFolder } from '../compile/ablations.js';
import { budgetOf, rewardOf } from '../compile/compile.js';
import { loadSetDiffusion } from '../diffusion/modelFiles.js';
import type { SetDiffusion } from '../diffusion/setDiffusion.js';
import { CachedEncoder } from '../encode/cached.js';
import { type Encoder, encodeItems } from '../encode/encoder.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { QueryBatch } from '../environment.js';
import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { loadPolicy, loadPolicyModel, POLICY_FILES } from '../policy/policyFiles.js';
import type { RunControl } from '../progress.js';
import { composite } from '../reward/composite.js';
import type { RewardFunction } from '../reward/reward.js';
import type { Config } from '../run/config.js';
import { configOf } from '../run/manifest.js';
import { loadRunEncoder } from '../run/runEncoder.js';
import { RunFolder } from '../run/runFolder.js';
import { loadWorkspace, splitQueries, type Workspace } from '../run/workspace.js';
import { CosineMatrix } from '../vectorIndex/cosineMatrix.js';
import {
  type AnswerMethod,
  type AnswerSpace,
  batchOf,
  bm25Answers,
  diffusionAnswers,
  dppAnswers,
  keywordAnswers,
  kMeansAnswers,
  mmrAnswers,
  neighbourAnswers,
  neighbourFanOutAnswers,
  plainAnswers,
  policyAnswers,
} from './answers.js';
import { vsOfDirections } from './directionDiversity.js';
import { type HeldoutSpace, measureAnswers, type QueryAnswer, type QueryMetrics } from './measure.js';
import { COMPILED, type MethodName } from './results.js';
import { LAMBDAS, THETAS, tune } from './tuning.js';

export interface EvaluateRunOptions extends RunControl, RuntimeOptions {
  /** At most this many test queries (all). */
  readonly limit?: number;
  /** The text encoder, where the run was compiled with one of your own. */
  readonly encoder?: Encoder;
  /** The reward that Best-of-N chooses by; must not read references (the composite). */
  readonly reward?: RewardFunction;
  /** Makes an encoder which the reward never saw, from the catalog's texts; undefined where there is none. The run's own is left out. */
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
  readonly answers: readonly QueryAnswer[];
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
  /** What the opponents' settings were tuned to, on validation queries. */
  readonly tuned: Readonly<Record<string, number>>;
  /** Id of the held-out encoder, where there is one. */
  readonly heldoutEncoder?: string;
}

/** Methods that answer otherwise the next time. Best-of-N too, but its VS would take five times as many samples as that of the others. */
const hasVs = (name: MethodName): boolean =>
  name !== 'bestOfN' && COMPILED.some((compiled) => compiled === name);

/** Queries answered together, and validation queries that the opponents are tuned on. */
const BATCH = 8;
const TUNING_QUERIES = { set: 64, budget: 24 } as const;
/** Samples of Best-of-N, as in the paper. */
const BEST_OF = 5;

/**
 * @throws InputError if the run is not finished, or has no test queries, or no validation queries to tune the opponents on
 */
export async function evaluateRun(folder: string, options: EvaluateRunOptions = {}): Promise<RunEvaluation> {
  const { threads, device, signal, limit } = options;
  const runtime: RuntimeOptions = { threads, device };
  const run = await RunFolder.open(folder);
  if (!run.stageDone('diffusion'))
    throw new InputError('is not compiled to the end; run r4t compile again', { file: folder });
  const config = configOf(run.manifest, folder);
  const encoder = await loadRunEncoder(run, { own: options.encoder, runtime, signal });
  const workspace = await loadWorkspace(run, encoder, runtime);
  const all = await splitQueries(workspace, 'test', signal);
  const valid = await splitQueries(workspace, 'valid', signal);
  if (all.texts.length === 0) throw new InputError('has no test queries to compare on', { file: folder });
  if (valid.texts.length === 0)
    throw new InputError('has no validation queries to tune the opponents on', { file: folder });
  const test = batchOf(all, 0, Math.min(limit ?? all.texts.length, all.texts.length));
  const train = await splitQueries(workspace, 'train', signal);
  const budget = budgetOf(config, workspace.items.length);
  const space: AnswerSpace = { workspace, k: config.k, budget };
  // Reordering a whole budget of hits takes a good part of a second a query.
  const most = TUNING_QUERIES[budget === undefined ? 'set' : 'budget'];
  const tuning = batchOf(valid, 0, Math.min(most, valid.texts.length));
  const tuned: Record<string, number> = {};
  const lazy = await methodsOf({ run, config, space, train, runtime, options, tuning, tuned });
  const offered = await options.heldoutEncoder?.(workspace.items.map((item) => item.text));
  // Of the run's own encoder nothing is held out.
  const heldoutEncoder = offered?.id === encoder.id ? undefined : offered;
  const heldout = heldoutEncoder && (await heldoutSpace(heldoutEncoder, workspace, test, signal));
  const evaluate = async (answer: AnswerMethod, withVs: boolean): Promise<MethodEvaluation> => {
    const { answers, msPerQuery } = await answerAll(answer, test, workspace, config.seed, signal);
    const metrics = await measureAnswers(answers, {
      world: workspace,
      queries: test,
      k: config.k,
      heldout,
      signal,
    });
    const vs = withVs ? await directionDiversity(answer, answers, space, test, options.signal) : undefined;
    return { metrics: vs ? { ...metrics, vs } : metrics, msPerQuery, answers };
  };
  const methods = new Map<MethodName, MethodEvaluation>();
  const wanted = [...lazy].filter(([name]) => options.methods?.includes(name) ?? true);
  const stepCounts = wanted.some(([name]) => name === 'diffusion') ? (options.steps ?? [1, 2, 4, 8, 16]) : [];
  const total = wanted.length + stepCounts.length;
  const report = () =>
    options.onProgress?.({ stage: 'evaluate', done: methods.size + steps.length, total, metrics: {} });
  const steps: { steps: number; evaluation: MethodEvaluation }[] = [];
  for (const [name, make] of wanted) {
    methods.set(name, await evaluate(await make(), hasVs(name)));
    report();
  }
  if (stepCounts.length > 0) {
    const diffusion = await loadSetDiffusion(run.path('diffusion'), runtime);
    for (const count of stepCounts) {
      steps.push({
        steps: count,
        evaluation: await evaluate(diffusionAnswers(space, diffusion, count), false),
      });
      report();
    }
  }
  return {
    config,
    workspace,
    test,
    counts: { train: train.texts.length, valid: valid.texts.length, test: test.texts.length },
    budget,
    methods,
    steps,
    tuned,
    ...(heldoutEncoder && { heldoutEncoder: heldoutEncoder.id }),
  };
}

/** Runs of which VS is the mean, as in the paper, and queries answered at once where no time is taken. */
const VS_RUNS = 5;
const LARGE_BATCH = 64;

/** VS of every query (see `vsOfDirections`); `answers` are the first run's. */
async function directionDiversity(
  answer: AnswerMethod,
  answers: readonly QueryAnswer[],
  { k }: AnswerSpace,
  queries: QueryBatch,
  signal?: AbortSignal,
): Promise<Float64Array> {
  const runs: Matrix[][] = answers.map(({ set }) => [set.directions]);
  for (let run = 1; run < VS_RUNS; run++) {
    for (let start = 0; start < queries.texts.length; start += LARGE_BATCH) {
      signal?.throwIfAborted();
      const again = await answer(batchOf(queries, start, start + LARGE_BATCH), { seed: 1000 + run, signal });
      again.forEach(({ set }, i) => {
        runs[start + i].push(set.directions);
      });
    }
  }
  return Float64Array.from(runs, (directions) => vsOfDirections(directions, k));
}

interface MethodsContext {
  readonly run: RunFolder;
  readonly config: Config;
  readonly space: AnswerSpace;
  readonly train: QueryBatch;
  readonly runtime: RuntimeOptions;
  readonly options: EvaluateRunOptions;
  /** Validation queries, and where the settings chosen on them are noted. */
  readonly tuning: QueryBatch;
  readonly tuned: Record<string, number>;
}

/** Every method the run has, made when its turn comes. */
async function methodsOf(context: MethodsContext): Promise<Map<MethodName, () => Promise<AnswerMethod>>> {
  const { run, config, space, train, runtime, options } = context;
  const { temperature } = config.synthesis;
  const model = await loadPolicyModel(run.path(...POLICY_FILES.model));
  const untrained = () => loadPolicy(model, run.path(...POLICY_FILES.untrained), space.workspace, runtime);
  const reward = options.reward ?? (config.task === 'oar' ? rewardOf(config) : composite());
  const diffusion = async (folder: string): Promise<SetDiffusion> => loadSetDiffusion(folder, runtime);
  const cosines = await CosineMatrix.create(runtime);
  const best = async (name: string, grid: readonly number[], make: (setting: number) => AnswerMethod) => {
    const { tuning: validation, tuned } = context;
    const { task, seed } = config;
    tuned[name] = await tune(grid, make, { task, space, validation, seed, signal: options.signal });
    return make(tuned[name]);
  };
  const { references } = train;
  const methods = new Map<MethodName, () => Promise<AnswerMethod>>([
    ['plain', async () => plainAnswers(space)],
    ['bm25', async () => bm25Answers(space)],
    ['mmr', () => best('mmr.lambda', LAMBDAS, (v) => mmrAnswers(space, cosines, v))],
    ['dpp', () => best('dpp.theta', THETAS, (v) => dppAnswers(space, cosines, v))],
    ['kmeans', () => best('kmeans.queryShare', [0, 0.3, 0.5, 0.7], (v) => kMeansAnswers(space, v))],
    ['keywords', async () => keywordAnswers(space)],
  ]);
  const { encoder, subQueryEncoder } = space.workspace;
  if (subQueryEncoder !== encoder)
    methods.set('keywordsGrounded', async () => keywordAnswers(space, space.workspace));
  if (references)
    methods.set('knnQueries', () =>
      best('knnQueries.neighbours', [1, 3, 10, 30], (v) =>
        neighbourAnswers(space, { vectors: train.vectors, references }, v),
      ),
    );
  else if (train.vectors.rows > 0)
    methods.set('knnQueries', async () => neighbourFanOutAnswers(space, train));
  methods.set('untrained', async () => policyAnswers(space, { policy: await untrained(), temperature }));
  methods.set('bestOfN', async () =>
    policyAnswers(space, { policy: await untrained(), temperature, samples: BEST_OF, reward }),
  );
  methods.set('folm', async () =>
    policyAnswers(space, {
      policy: await loadPolicy(model, run.path(...POLICY_FILES.trained), space.workspace, runtime),
      temperature,
    }),
  );
  methods.set('diffusion', async () => diffusionAnswers(space, await diffusion(run.path('diffusion'))));
  for (const ablation of ABLATIONS) {
    const folder = await ablationFolder(run, ablation);
    if (folder) methods.set(ablation, async () => diffusionAnswers(space, await diffusion(folder)));
  }
  return methods;
}

async function heldoutSpace(
  encoder: Encoder,
  { items }: Workspace,
  test: QueryBatch,
  signal?: AbortSignal,
): Promise<HeldoutSpace> {
  const vectors = await encodeItems(encoder, items, { signal });
  return { encoder, vectors, queries: await encoder.encode(test.texts, { signal }) };
}

/** Answers all queries in batches, timed from the text on. */
async function answerAll(
  answer: AnswerMethod,
  queries: QueryBatch,
  { encoder, subQueryEncoder }: Workspace,
  seed: number,
  signal?: AbortSignal,
): Promise<{ answers: QueryAnswer[]; msPerQuery: number }> {
  const answers: QueryAnswer[] = [];
  const times: number[] = [];
  // The first batch pays for lazy initialisation; it is run once unmeasured.
  await answer(batchOf(queries, 0, BATCH), { seed, signal });
  // No method may profit from the texts another one has encoded.
  for (const cached of [encoder, subQueryEncoder]) if (cached instanceof CachedEncoder) cached.clear();
  for (let start = 0; start < queries.texts.length; start += BATCH) {
    signal?.throwIfAborted();
    const batch = batchOf(queries, start, start + BATCH);
    const started = performance.now();
    const vectors = await encoder.encode(batch.texts, { signal });
    answers.push(...(await answer({ ...batch, vectors }, { seed, signal })));
    times.push((performance.now() - started) / batch.texts.length);
  }
  return { answers, msPerQuery: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] };
}
