import { METHODS, type MethodName, type Metric, type ReportData, type ReportedQuery } from '../results.js';
import { mainMetric, shown } from './names.js';

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

const COMPILED: readonly MethodName[] = ['diffusion', 'folm'];
/** Without directions there is no composite, so open-ended tasks compare with the untrained policy. */
const STARTING_POINTS: readonly MethodName[] = [
  'plain',
  'untrained',
  'bestOfN',
  'keywords',
  'keywordsGrounded',
  'kmeans',
  'knnQueries',
];

/** What compiling brought each query: the main metric of the compiled retriever minus that of plain search. */
export function queryGains({
  results,
  queries,
}: Pick<ReportData, 'results' | 'queries'>): QueryGains | undefined {
  const metric = mainMetric(results.task);
  const measured = (method: MethodName) =>
    queries.some((query) => metricOf(query, method, metric) !== undefined);
  const after = COMPILED.find(measured);
  const before = STARTING_POINTS.find(measured);
  if (after === undefined || before === undefined) return undefined;
  const gains = queries.flatMap((query, index) => {
    const from = metricOf(query, before, metric);
    const to = metricOf(query, after, metric);
    return from === undefined || to === undefined
      ? []
      : [{ index, query: query.query, before: from, after: to, gain: to - from }];
  });
  return { metric, before, after, gains: gains.sort((a, b) => b.gain - a.gain) };
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
