/** What every method answers, measured. */
import type { Choice } from '../choose/choice.js';
import type { SetQuality } from '../choose/setQuality.js';
import { answer, type PlacedMethod, tune } from '../choose/tune.js';
import type { QueryBatch } from '../environment.js';
import type { RunControl } from '../progress.js';
import type { RetrievedSet, Setting } from '../retrieve/method.js';
import { answerer } from '../retrieve/methods.js';
import type { Config } from '../run/config.js';
import type { Workspace } from '../run/workspace.js';
import { directionDiversity, hasVs } from './directionDiversity.js';
import { type MeasureOptions, measureAnswers, type QueryMetrics } from './measure.js';
import { servedAs } from './methods.js';
import type { MethodName } from './results.js';
import { type Ask, answerAll } from './timedAnswers.js';

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

export interface EvaluateMethodsOptions extends RunControl, Omit<MeasureOptions, 'signal' | 'world'> {
  readonly world: Workspace;
  readonly queries: QueryBatch;
  readonly config: Pick<Config, 'policy'>;
  readonly seed: number;
  /** B, for weakly supervised tasks. */
  readonly budget?: number;
  /** What validation queries chose, and by which quality; undefined where the run has none. */
  readonly choice?: Choice;
  readonly quality?: SetQuality;
  /** Only these methods (all). */
  readonly methods?: readonly MethodName[];
  /** Step counts at which the diffusion is measured besides its own (1, 2, 4, 8, 16). */
  readonly steps?: readonly number[];
}

export interface EvaluatedMethods {
  readonly methods: ReadonlyMap<MethodName, MethodEvaluation>;
  readonly steps: readonly { readonly steps: number; readonly evaluation: MethodEvaluation }[];
}

/** @param offered the methods, each made when its turn comes */
export async function evaluateMethods(
  offered: ReadonlyMap<MethodName, () => Promise<PlacedMethod>>,
  options: EvaluateMethodsOptions,
): Promise<EvaluatedMethods> {
  const wanted = [...offered].filter(([name]) => options.methods?.includes(name) ?? true);
  const stepCounts = wanted.some(([name]) => name === 'diffusion') ? (options.steps ?? [1, 2, 4, 8, 16]) : [];
  const total = wanted.length + stepCounts.length;
  const methods = new Map<MethodName, MethodEvaluation>();
  const steps: { steps: number; evaluation: MethodEvaluation }[] = [];
  const report = () =>
    options.onProgress?.({ stage: 'evaluate', done: methods.size + steps.length, total, metrics: {} });
  for (const [name, make] of wanted) {
    const { placed, evaluation } = await evaluateMethod(name, await make(), options);
    methods.set(name, evaluation);
    report();
    if (name !== 'diffusion') continue;
    for (const count of stepCounts) {
      steps.push({ steps: count, evaluation: await measured(placed, options, count) });
      report();
    }
  }
  return { methods, steps };
}

/** One method at the setting that validation queries chose. */
async function evaluateMethod(
  name: MethodName,
  offered: PlacedMethod,
  options: EvaluateMethodsOptions,
): Promise<{ placed: PlacedMethod; evaluation: MethodEvaluation }> {
  const { queries, config, k, seed, choice, quality, signal } = options;
  const { method, space } = offered;
  const served = servedAs(name, config);
  // What nobody can search by, the compilation has not compared.
  const tuned = served || !quality ? undefined : await tune(offered, { quality, k, seed, signal });
  const value = served ? choice?.settings[served] : tuned?.setting;
  const validation = served ? choice?.values[served] : tuned?.worth;
  const by = answerer(space, method);
  const { setting } = by;
  const placed: PlacedMethod =
    value === undefined
      ? offered
      : { method, space: { ...space, settings: { ...space.settings, [method]: value } } };
  const evaluation = await measured(placed, options);
  const vs =
    'fanOut' in by && hasVs(name)
      ? await directionDiversity(placed, evaluation.answers, k, queries, signal)
      : undefined;
  return {
    placed,
    evaluation: {
      ...evaluation,
      ...(setting && value !== undefined && { setting: { name: setting.name, value } }),
      ...(validation !== undefined && { validation }),
      metrics: vs ? { ...evaluation.metrics, vs } : evaluation.metrics,
    },
  };
}

async function measured(
  placed: PlacedMethod,
  options: EvaluateMethodsOptions,
  steps?: number,
): Promise<MethodEvaluation> {
  const { world, queries, k, budget, seed, signal } = options;
  const ask: Ask = (batch, control) => answer(placed, batch, { k, budget, steps, ...control });
  const { answers, msPerQuery } = await answerAll(ask, queries, world, seed, signal);
  return { metrics: await measureAnswers(answers, options), msPerQuery, answers };
}
