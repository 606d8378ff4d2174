/** Several seeds of one data set as one table: means, intervals, spread, and the paired test against the best baseline. */
import type { Item } from '../catalog/item.js';
import { bootstrapMean, comparePaired } from './bootstrap.js';
import type { MethodEvaluation, RunEvaluation } from './evaluateRun.js';
import type { QueryMetrics } from './measure.js';
import { isMeaningful, mainMetric } from './report/names.js';
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
  const { config, counts, workspace } = first;
  const main = mainMetric(config.task);
  const joined = new Map<MethodName, MethodEvaluation[]>();
  for (const name of METHODS) {
    const found = runs.flatMap((run) => run.methods.get(name) ?? []);
    if (found.length > 0) joined.set(name, found);
  }
  const means = new Map([...joined].map(([name, all]) => [name, meanOverSeeds(all.map((e) => e.metrics))]));
  // Methods without directions have no composite to be compared by.
  const compared = new Map(
    [...means].flatMap(([name, { [main]: values }]) =>
      values && isMeaningful(name, main, config.task) ? [[name, values] as const] : [],
    ),
  );
  const baseline = bestBaseline(compared);
  const methods: Partial<Record<MethodName, MethodResult>> = {};
  for (const [name, all] of joined) {
    const metrics = means.get(name) ?? {};
    const values = compared.get(name);
    const against = baseline && compared.get(baseline);
    methods[name] = {
      metrics: mapMetrics(metrics, (perQuery) => bootstrapMean(perQuery)),
      perSeed: mapMetrics(metrics, (_, metric) => all.map((e) => mean(e.metrics[metric] ?? []))),
      msPerQuery: median(all.map((e) => e.msPerQuery)),
      againstBestBaseline:
        baseline && values && against && name !== baseline
          ? { ...comparePaired(values, against), baseline }
          : undefined,
    };
  }
  return {
    dataset,
    task: config.task,
    budget: first.budget ?? config.k,
    k: config.k,
    seeds: runs.map((run) => run.config.seed),
    queries: counts,
    items: workspace.items.length,
    heldoutEncoder,
    methods,
    tuned: first.tuned,
    peakMemoryMiB: process.resourceUsage().maxRSS / 1024,
  };
}

/** The baseline with the highest mean of the figures compared. */
function bestBaseline(compared: ReadonlyMap<MethodName, Float64Array>): MethodName | undefined {
  let best: MethodName | undefined;
  let bestMean = Number.NEGATIVE_INFINITY;
  for (const name of BASELINES) {
    const values = compared.get(name);
    if (values && mean(values) > bestMean) [best, bestMean] = [name, mean(values)];
  }
  return best;
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
  return {
    results: aggregateSeeds(runs, options),
    curves: options.curves,
    queries: first.test.texts.map((_, query) => reportedQuery(first, query)),
    steps: first.steps.map(({ steps, evaluation }) => ({
      steps,
      msPerQuery: evaluation.msPerQuery,
      metrics: mapMetrics(evaluation.metrics, mean),
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
    answers.flatMap(({ set }, i) => {
      const found = set.assigned.length;
      return found < k ? [{ method, query: test.texts[i], reason: `${found} of ${k} items found` }] : [];
    }),
  );
}

function reportedQuery({ test, workspace, methods }: RunEvaluation, query: number): ReportedQuery {
  const reference = test.references?.[query] ?? [];
  const relevant = new Set(reference);
  const sets: Partial<Record<MethodName, ReportedSet>> = {};
  for (const [name, { answers, metrics }] of methods) {
    const { set, subQueries } = answers[query];
    sets[name] = {
      items: set.assigned.map(({ item, direction }) => ({
        ...shownItem(workspace.items[item]),
        direction,
        ...(reference.length > 0 && { relevant: relevant.has(item) }),
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

function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}
