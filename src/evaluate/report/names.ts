/** What people call the methods and metrics, and which of them a report shows. */

import type { EvaluationResults, MethodName, Metric, MetricEstimates } from '../results.js';
import { METHODS, METRICS } from '../results.js';
import { figure } from './figures.js';

/** What a method does to the query; methods of one family look alike in pictures. */
export type Family = 'search' | 'expansion' | 'policy' | 'diffusion';

export interface MethodInfo {
  readonly name: string;
  /** For pictures, where space is short. */
  readonly short: string;
  readonly family: Family;
  readonly about: string;
}

export const METHOD_INFO: Readonly<Record<MethodName, MethodInfo>> = {
  plain: {
    name: 'Plain search',
    short: 'Plain',
    family: 'search',
    about: 'The query alone, no fan-out.',
  },
  bm25: {
    name: 'BM25',
    short: 'BM25',
    family: 'search',
    about: 'Lexical search: the items that have words of the query, then the hits of plain search.',
  },
  mmr: {
    name: 'MMR',
    short: 'MMR',
    family: 'search',
    about: 'Maximal marginal relevance over the hits of the query, tuned on validation queries.',
  },
  dpp: {
    name: 'DPP',
    short: 'DPP',
    family: 'search',
    about:
      'Greedy MAP of a determinantal point process over the hits of the query, tuned on validation queries.',
  },
  kmeans: {
    name: 'k-means',
    short: 'k-means',
    family: 'expansion',
    about: 'Centroids of the hits of the query as directions, tuned on validation queries.',
  },
  keywords: {
    name: 'Keywords',
    short: 'Keywords',
    family: 'expansion',
    about: 'One sub-query a content word, and a pair of words.',
  },
  keywordsGrounded: {
    name: 'Keywords, grounded',
    short: 'Grounded kw.',
    family: 'expansion',
    about: 'The same sub-queries, grounded in the catalog like those of the policy.',
  },
  knnQueries: {
    name: 'kNN queries',
    short: 'kNN',
    family: 'expansion',
    about:
      'The most similar training queries as sub-queries; with reference sets, hits of the query by their votes.',
  },
  untrained: {
    name: 'Untrained policy',
    short: 'Untrained',
    family: 'policy',
    about: 'Sub-queries of the policy before reinforcement learning.',
  },
  bestOfN: {
    name: 'Best-of-N',
    short: 'Best-of-N',
    family: 'policy',
    about: 'The best by reward of several sets of the untrained policy.',
  },
  folm: {
    name: 'FOLM',
    short: 'FOLM',
    family: 'policy',
    about: 'Sub-queries of the policy trained by Soft-GRPO.',
  },
  diffusion: {
    name: 'Diffusion',
    short: 'Diffusion',
    family: 'diffusion',
    about: "Directions of the set diffusion trained on the FOLM's sets.",
  },
  diffusionSupervised: {
    name: 'Diffusion, supervised',
    short: 'Diff. supervised',
    family: 'diffusion',
    about: 'Ablation: the set diffusion trained on the reference sets, without reinforcement learning.',
  },
  diffusionUntrained: {
    name: 'Diffusion, untrained',
    short: 'Diff. untrained',
    family: 'diffusion',
    about: "Ablation: the set diffusion trained on the untrained policy's sets.",
  },
};

export interface MetricInfo {
  readonly name: string;
  /** Decimals worth printing (3). */
  readonly digits?: number;
  readonly about: string;
}

const OWN: Readonly<Record<string, MetricInfo>> = {
  recallAtB: { name: 'Recall@B', about: 'Share of the reference items among the B retrieved.' },
  hitAtB: { name: 'Hit@B', about: 'Share of the queries with a reference item among the B retrieved.' },
  vs: {
    name: 'VS',
    digits: 1,
    about:
      'Vendi score of the directions, averaged over several runs, as a percentage of k: how different they are.',
  },
  groundedness: {
    name: 'Groundedness',
    about: '1 minus the distance of each direction to its item; methods with directions only.',
  },
  diversity: { name: 'Diversity', about: 'Normalised Vendi score of the retrieved items, 0 to 1.' },
  alignment: { name: 'Alignment', about: 'Mean cosine of the retrieved items to the query.' },
  composite: {
    name: 'Composite',
    about: 'The reward: weighted groundedness, diversity and alignment; methods with directions only.',
  },
  categoryCoverage: { name: 'Categories', about: 'How many of the wanted categories the set covers.' },
};

/** Name and meaning of a metric; that of the held-out encoder has the name of the reward's. */
export function metricInfo(metric: Metric): MetricInfo {
  return OWN[ownMetric(metric)];
}

/** The metric under the reward's encoder. */
export function ownMetric(metric: Metric): Metric {
  return metric.replace(/Heldout$/, '') as Metric;
}

export function isHeldout(metric: Metric): boolean {
  return metric.endsWith('Heldout');
}

/** The metric by which the task is decided. */
export function mainMetric(task: EvaluationResults['task']): 'recallAtB' | 'composite' {
  return task === 'wscr' ? 'recallAtB' : 'composite';
}

/**
 * Plain search and what puts its hits in another order have the query alone, no directions to be grounded; kNN queries
 * do so where there are reference sets.
 */
export function hasDirections(method: MethodName, task?: EvaluationResults['task']): boolean {
  return METHOD_INFO[method].family !== 'search' && !(method === 'knnQueries' && task === 'wscr');
}

/** Whether the metric says anything of the method. */
export function isMeaningful(method: MethodName, metric: Metric, task?: EvaluationResults['task']): boolean {
  return hasDirections(method, task) || !['groundedness', 'composite'].includes(ownMetric(metric));
}

/** A method's figure, or undefined where it has none or one that means nothing. */
export function shown<T>(
  method: MethodName,
  metrics: Partial<Record<Metric, T>>,
  metric: Metric,
): T | undefined {
  return isMeaningful(method, metric) ? metrics[metric] : undefined;
}

/** The evaluated methods in the order of every table. */
export function methodsOf({ methods }: Pick<EvaluationResults, 'methods'>): MethodName[] {
  return METHODS.filter((name) => methods[name] !== undefined);
}

/** The metrics at least one method has, in the order of every table. */
export function metricsOf(results: Pick<EvaluationResults, 'methods'>, which: 'own' | 'heldout'): Metric[] {
  return METRICS.filter(
    (metric) =>
      isHeldout(metric) === (which === 'heldout') &&
      methodsOf(results).some((name) => shown(name, metricsOfMethod(results, name), metric) !== undefined),
  );
}

export function metricsOfMethod(
  { methods }: Pick<EvaluationResults, 'methods'>,
  name: MethodName,
): MetricEstimates {
  return methods[name]?.metrics ?? {};
}

/** Formats figures of a metric. */
export function metricFigure(metric: Metric): (value: number | undefined) => string {
  const { digits } = metricInfo(metric);
  return (value) => figure(value, digits);
}

/** The method with the highest mean. */
export function bestMethod(
  results: Pick<EvaluationResults, 'methods'>,
  metric: Metric,
): MethodName | undefined {
  let best: MethodName | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (const name of methodsOf(results)) {
    const mean = shown(name, metricsOfMethod(results, name), metric)?.mean ?? Number.NEGATIVE_INFINITY;
    if (mean > highest) [best, highest] = [name, mean];
  }
  return best;
}
