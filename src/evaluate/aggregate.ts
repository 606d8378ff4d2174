/** Several seeds of one data set as one table: means, intervals, spread, and the paired test against the best baseline. */
import { mean, median } from '../averages.js';
import type { Item } from '../catalog/item.js';
import { winner } from '../choose/choice.js';
import { firstOfSame } from '../retrieve/candidates.js';

import { bootstrapMean, comparePaired, type PairedComparison } from './bootstrap.js';
import type { MethodEvaluation, RunEvaluation } from './evaluateRun.js';
import type { QueryMetrics } from './measure.js';
import { servedAs } from './methods.js';
import { MAIN_METRIC } from './report/names.js';
import {
  BASELINES,
  type EvaluationResults,
  METHODS,
  METRICS,
  type MethodName,
  type MethodResult,
  type Metric,
  type ReportData,
  type ReportedQuery,
  type ReportedSet,
} from './results.js';

export interface AggregateOptions {
  readonly dataset: string;
  readonly heldoutEncoder?: string;
}

/**
 * Joins the evaluations of runs that differ in nothing but their seed. A query's value is its mean over the seeds, so the
 * interval says what other queries would change, and `perSeed` what another seed would.
 *
 * @throws RangeError without evaluations
 */
export function aggregateSeeds(
  runs: readonly RunEvaluation[],
  { dataset, heldoutEncoder }: AggregateOptions,
): EvaluationResults {
  const [first] = runs;
  if (!first) throw new RangeError('there is no evaluation to aggregate');
  const { config, counts, workspace, test, choice, judge } = first;
  const joined = new Map<MethodName, MethodEvaluation[]>();
  for (const name of METHODS) {
    const found = runs.flatMap((run) => run.methods.get(name) ?? []);
    if (found.length > 0) joined.set(name, found);
  }
  const validation = new Map(
    [...joined].flatMap(([name, all]) => {
      const worths = all.flatMap(({ validation }) => validation ?? []);
      return worths.length > 0 ? [[name, mean(worths)] as const] : [];
    }),
  );
  const rivals = new Map([...validation].filter(([name]) => BASELINES.some((baseline) => baseline === name)));
  const baseline = winner(rivals);
  const means = new Map([...joined].map(([name, all]) => [name, meanOverSeeds(all.map((e) => e.metrics))]));
  const against = (name: MethodName, other: MethodName | undefined): PairedComparison | undefined => {
    const [a, b] = [name, other].map((n) => n && means.get(n)?.[MAIN_METRIC]);
    if (!a || !b || name === other) return undefined;
    // Queries without a reference set have neither figure.
    return comparePaired(finite(a), finite(b));
  };
  const methods: Partial<Record<MethodName, MethodResult>> = {};
  for (const [name, all] of joined) {
    const metrics = means.get(name) ?? {};
    const [rival, plain] = [against(name, baseline), against(name, 'plain')];
    methods[name] = {
      metrics: mapMetrics(metrics, (perQuery) => bootstrapMean(finite(perQuery))),
      perSeed: mapMetrics(metrics, (_, metric) =>
        all.map((e) => mean(finite(e.metrics[metric] ?? new Float64Array()))),
      ),
      msPerQuery: median(all.map((e) => e.msPerQuery)),
      validation: validation.get(name),
      ...(plain && { againstPlain: plain }),
      ...(rival && baseline && { againstBestBaseline: { ...rival, baseline } }),
    };
  }
  // What an ablation would be good for, nobody can search by.
  const served = new Map([...validation].filter(([name]) => servedAs(name, config) !== undefined));
  const chosen = winner(served);
  return {
    dataset,
    task: config.task,
    budget: first.budget ?? config.k,
    k: config.k,
    seeds: runs.map((run) => run.config.seed),
    queries: counts,
    labelled: (test.references ?? []).filter((reference) => reference.length > 0).length,
    items: workspace.items.length,
    heldoutEncoder,
    ...(judge !== undefined && { judge }),
    methods,
    ...(chosen && { chosen }),
    ...(choice && { validated: { metric: choice.metric, queries: choice.queries } }),
    tuned: Object.fromEntries(
      [...first.methods].flatMap(([name, { setting }]) =>
        setting ? [[`${name}.${setting.name}`, setting.value]] : [],
      ),
    ),
    peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
  };
}

function meanOverSeeds(seeds: readonly QueryMetrics[]): QueryMetrics {
  return mapMetrics(seeds[0], (values, metric) =>
    values.map((_, query) => mean(seeds.map((metrics) => metrics[metric]?.[query] ?? Number.NaN))),
  );
}

function mapMetrics<T>(
  metrics: QueryMetrics,
  map: (values: Float64Array, metric: Metric) => T,
): Partial<Record<Metric, T>> {
  const out: Partial<Record<Metric, T>> = {};
  for (const metric of METRICS) {
    const values = metrics[metric];
    if (values) out[metric] = map(values, metric);
  }
  return out;
}

/** The report of several seeds: figures of all, sets of the first. */
export function reportData(
  runs: readonly RunEvaluation[],
  options: AggregateOptions & Pick<ReportData, 'curves' | 'command'>,
): ReportData {
  const [first] = runs;
  const same = firstOfSame(first.workspace);
  return {
    results: aggregateSeeds(runs, options),
    curves: options.curves,
    queries: first.test.texts.map((_, query) => reportedQuery(first, query, same)),
    steps: first.steps.map(({ steps, evaluation }) => ({
      steps,
      msPerQuery: evaluation.msPerQuery,
      metrics: mapMetrics(evaluation.metrics, (values) => mean(finite(values))),
    })),
    failures: shortSets(first),
    command: options.command,
  };
}

/** Queries for which a method found fewer than k items. */
export function shortSets({
  methods,
  test,
  config: { k },
}: Pick<RunEvaluation, 'methods' | 'test' | 'config'>): ReportData['failures'] {
  return [...methods].flatMap(([method, { answers }]) =>
    answers.flatMap(({ assigned }, i) => {
      const found = assigned.length;
      return found < k ? [{ method, query: test.texts[i], reason: `${found} of ${k} items found` }] : [];
    }),
  );
}

function reportedQuery(
  { test, workspace, methods }: RunEvaluation,
  query: number,
  /** For each item the first of the same text and vector, which is what searches find. */
  same: Int32Array,
): ReportedQuery {
  const reference = test.references?.[query] ?? [];
  const relevant = new Set(reference.map((item) => same[item]));
  const sets: Partial<Record<MethodName, ReportedSet>> = {};
  for (const [name, { answers, metrics }] of methods) {
    const { assigned, subQueries } = answers[query];
    sets[name] = {
      items: assigned.map(({ item, direction }) => ({
        ...shownItem(workspace.items[item]),
        direction,
        ...(reference.length > 0 && { relevant: relevant.has(same[item]) }),
      })),
      subQueries,
      metrics: mapMetrics(metrics, (values) => values[query]),
    };
  }
  return {
    query: test.texts[query],
    ...(reference.length > 0 && { reference: reference.map((item) => workspace.items[item].title) }),
    sets,
  };
}

const shownItem = ({ id, title, image }: Item) => ({ id, title, ...(image !== undefined && { image }) });

const finite = (values: Float64Array): Float64Array => values.filter(Number.isFinite);
