/** What people call the methods and metrics, and which of them a report shows. */

import type { EvaluationResults, MethodName, Metric, MetricEstimates } from '../results.js';
import { BASELINES, DIAGNOSTICS, METHODS, METRICS } from '../results.js';
import { figure } from './figures.js';

/** What a method does to the query; methods of one family look alike in pictures. */
export type Family = 'search' | 'expansion' | 'labels' | 'policy' | 'diffusion';

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
  hybrid: {
    name: 'Hybrid',
    short: 'Hybrid',
    family: 'search',
    about: 'Words and vectors together, by their scores or by their ranks, as validation queries chose.',
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
  groupCap: {
    name: 'Group cap',
    short: 'Group cap',
    family: 'search',
    about: 'Plain search with at most so many items of a category, tuned on validation queries.',
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
  nearestQueries: {
    name: 'Nearest queries',
    short: 'Near queries',
    family: 'expansion',
    about: 'The most similar training queries as sub-queries.',
  },
  adapter: {
    name: 'Adapter',
    short: 'Adapter',
    family: 'labels',
    about: 'Plain search for the query moved, by ridge regression, to where the items of training sets lie.',
  },
  adapterMmr: {
    name: 'Adapter + MMR',
    short: 'Ad. + MMR',
    family: 'labels',
    about: 'MMR over the hits of the adapted query, tuned on validation queries.',
  },
  popular: {
    name: 'Commonest items',
    short: 'Commonest',
    family: 'labels',
    about: 'The items that are in most training sets, whatever the query.',
  },
  vote: {
    name: 'Vote',
    short: 'Vote',
    family: 'labels',
    about: 'The items that the sets of the nearest training queries vote for.',
  },
  classifier: {
    name: 'Classifier',
    short: 'Classifier',
    family: 'labels',
    about: "Ridge regression from the query's vector to every item of the training sets.",
  },
  zeroShot: {
    name: 'Zero-shot',
    short: 'Zero-shot',
    family: 'policy',
    about: 'Sub-queries of a language model that nothing has tuned.',
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
  precisionAtK: { name: 'P@k', about: 'Share of the k items shown that are in the reference set.' },
  recallAtK: { name: 'Recall@k', about: 'Share of the reference items among the k shown.' },
  hitAtK: { name: 'Hit@k', about: 'Share of the queries with a reference item among the k shown.' },
  sRecallAtK: {
    name: 'S-recall@k',
    about:
      'Share of the aspects of the reference items (their categories) that the k shown have: different and right.',
  },
  alphaNdcgAtK: {
    name: 'alpha-nDCG@k',
    about:
      'Right items, early, each aspect again counting half as much (Clarke et al., SIGIR 2008); what methods are chosen and compared by.',
  },
  ndcgAtK: { name: 'nDCG@k', about: 'Right items, early.' },
  averagePrecisionAtK: { name: 'MAP@k', about: 'Mean precision at the places of right items.' },
  recallAtB: { name: 'Recall@B', about: 'Share of the reference items among the B retrieved.' },
  hitAtB: { name: 'Hit@B', about: 'Share of the queries with a reference item among the B retrieved.' },
  judgedAtK: {
    name: 'judged@k',
    about:
      "Mean relevance of the k items shown, 0 to 1, as the run's judge says; what is not found counts 0.",
  },
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

/** Name, with k and B as letters, and meaning of a metric; that of the held-out encoder has the name of the reward's. */
export function metricInfo(metric: Metric): MetricInfo {
  return OWN[ownMetric(metric)];
}

/** The metric's name with the numbers of items that it looks at: `P@10`, `Recall@5000`. */
export function metricName(metric: Metric, { k, budget }: Pick<EvaluationResults, 'k' | 'budget'>): string {
  return metricInfo(metric).name.replace(/@k$/, `@${k}`).replace(/@B$/, `@${budget}`);
}

/** The metric under the reward's encoder. */
function ownMetric(metric: Metric): Metric {
  return metric.replace(/Heldout$/, '') as Metric;
}

function isHeldout(metric: Metric): boolean {
  return metric.endsWith('Heldout');
}

/** The metric by which methods are chosen and compared, where there are labels. */
export const MAIN_METRIC = 'alphaNdcgAtK';

/** The same without labels: the word of the run's judge. */
export const JUDGED_METRIC = 'judgedAtK';

/** The metric by which a report's pictures are ordered: by labels, else by the judge, else there are diagnostics only. */
export function mainMetric(results: Pick<EvaluationResults, 'labelled' | 'methods'>): Metric {
  if (results.labelled > 0) return MAIN_METRIC;
  return isJudged(results) ? JUDGED_METRIC : 'alignment';
}

/** Whether the run's judge has said anything. */
export const isJudged = (results: Pick<EvaluationResults, 'methods'>): boolean =>
  metricsOf(results, 'judge').length > 0;

/** What the figures of the judge are, and what they are not. */
export const judgedBy = (results: Pick<EvaluationResults, 'judge' | 'k' | 'budget'>): string =>
  `No test query has a reference set. ${metricName(JUDGED_METRIC, results)} is how relevant the judge of the run (${results.judge ?? 'unknown'}) finds the items shown, 0 to 1: no person says so. Best-of-N may ask that judge itself, so it is no rival.`;

/** Plain search and what ranks the catalog for the query itself have no directions to be grounded. */
export function hasDirections(method: MethodName): boolean {
  return !['search', 'labels'].includes(METHOD_INFO[method].family);
}

/** Whether the metric says anything of the method. */
export function isMeaningful(method: MethodName, metric: Metric): boolean {
  return hasDirections(method) || !['groundedness', 'composite'].includes(ownMetric(metric));
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

/** The tables of a report: labels first, or the judge; what embeddings say after them, also under an encoder the reward never saw. */
export type MetricTable = 'labels' | 'judge' | 'diagnostics' | 'heldout';

function tableOf(metric: Metric): MetricTable {
  if (metric === JUDGED_METRIC) return 'judge';
  if (isHeldout(metric)) return 'heldout';
  return DIAGNOSTICS.some((name) => name === metric) ? 'diagnostics' : 'labels';
}

/** The metrics of a table that at least one method has, in the order of every table. */
export function metricsOf(results: Pick<EvaluationResults, 'methods'>, which: MetricTable): Metric[] {
  return METRICS.filter(
    (metric) =>
      tableOf(metric) === which &&
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

/** Whether a method needs no compiling. */
export function isBaseline(method: MethodName): boolean {
  return BASELINES.some((name) => name === method);
}

/** The baseline that was best on the validation queries: what every compiled method is compared with. */
export function bestBaseline(results: Pick<EvaluationResults, 'methods'>): MethodName | undefined {
  return methodsOf(results)
    .map((name) => results.methods[name]?.againstBestBaseline?.baseline)
    .find((name) => name !== undefined);
}

/** What a reader wants to see first: plain search, the best baseline, the method chosen on validation, and what r4t compiled. */
export function headlineMethods(results: Pick<EvaluationResults, 'methods' | 'chosen'>): MethodName[] {
  const wanted = new Set(['plain', bestBaseline(results), results.chosen, 'folm', 'diffusion']);
  return methodsOf(results).filter((name) => wanted.has(name));
}
