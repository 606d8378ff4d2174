import { METHODS, type MethodName, type Metric, type ReportData, type ReportedQuery } from '../results.js';
import { MAIN_METRIC, shown } from './names.js';

export interface QueryGain {
  /** Where the query stands in `ReportData.queries`. */
  readonly index: number;
  readonly query: string;
  readonly before: number;
  readonly after: number;
  /** after - before. */
  readonly gain: number;
}

export interface QueryGains {
  readonly metric: Metric;
  readonly before: MethodName;
  readonly after: MethodName;
  /** Queries both methods answered, the highest gain first. */
  readonly gains: readonly QueryGain[];
}

/**
 * What the chosen method brought each query: its main metric minus that of plain search. Where plain search was chosen, what the
 * better of the compiled methods would bring. Without labels nothing says which query is served better.
 */
export function queryGains({
  results,
  queries,
}: Pick<ReportData, 'results' | 'queries'>): QueryGains | undefined {
  if (results.labelled === 0) return undefined;
  const metric = MAIN_METRIC;
  const before = 'plain';
  const after =
    results.chosen === undefined || results.chosen === before ? bestCompiled(results) : results.chosen;
  if (after === undefined) return undefined;
  const gains = queries.flatMap((query, index) => {
    const from = metricOf(query, before, metric);
    const to = metricOf(query, after, metric);
    return from === undefined || to === undefined
      ? []
      : [{ index, query: query.query, before: from, after: to, gain: to - from }];
  });
  if (gains.length === 0) return undefined;
  return { metric, before, after, gains: gains.sort((a, b) => b.gain - a.gain) };
}

/** By the validation queries, else by the test queries. */
function bestCompiled({ methods }: ReportData['results']): MethodName | undefined {
  const worth = (name: MethodName) =>
    methods[name]?.validation ?? methods[name]?.metrics[MAIN_METRIC]?.mean ?? Number.NEGATIVE_INFINITY;
  const [best] = (['diffusion', 'folm'] as const)
    .filter((name) => methods[name])
    .sort((a, b) => worth(b) - worth(a));
  return best;
}

/** The most helped and the most harmed, at most `count` each; no query is in both. */
export function extremes({ gains }: QueryGains, count: number): { best: QueryGain[]; worst: QueryGain[] } {
  return {
    best: gains.slice(0, count).filter(({ gain }) => gain > 0),
    worst: gains
      .slice(-count)
      .filter(({ gain }) => gain < 0)
      .reverse(),
  };
}

/** A query's figure under a method. */
export function metricOf(query: ReportedQuery, method: MethodName, metric: Metric): number | undefined {
  return shown(method, query.sets[method]?.metrics ?? {}, metric);
}

/** The methods whose sets the report holds, in the order of every table. */
export function methodsWithSets(queries: readonly ReportedQuery[]): MethodName[] {
  return METHODS.filter((name) => queries.some(({ sets }) => sets[name] !== undefined));
}
