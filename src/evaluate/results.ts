/** What an evaluation says, as plain data: `results.json`, and everything the report shows. */
import type { QualityMetric } from '../choose/qualityMetric.js';
import { BASELINES } from '../retrieve/methodNames.js';
import type { Estimate, PairedComparison } from './bootstrap.js';

export { BASELINES };

/** Methods of a compiled run, whose sets another seed changes. */
export const COMPILED = [
  'zeroShot',
  'untrained',
  'bestOfN',
  'folm',
  'diffusion',
  'diffusionSupervised',
  'diffusionUntrained',
] as const;

/** All methods, in the order of every table. */
export const METHODS = [...BASELINES, ...COMPILED] as const;
/** A method of a report: of the same names as those of searches, and what only evaluations have. */
export type MethodName = (typeof METHODS)[number];

/** By the labels of people, at the k items of a set: what a table shows first. See `labelMetrics`. */
export const LABEL_METRICS = [
  'precisionAtK',
  'recallAtK',
  'hitAtK',
  'sRecallAtK',
  'alphaNdcgAtK',
  'ndcgAtK',
  'averagePrecisionAtK',
] as const;

/** Recall and hit within the budget B of all directions together, as the paper has them. */
const BUDGET_METRICS = ['recallAtB', 'hitAtB'] as const;

/** What the run's judge says of the k items, where no test query has a reference set. */
const JUDGE_METRICS = ['judgedAtK'] as const;

/** What embeddings say of a set, and nobody who looks at it: it explains, and decides nothing. */
export const DIAGNOSTICS = [
  'vs',
  'groundedness',
  'diversity',
  'alignment',
  'composite',
  'categoryCoverage',
  'groundednessHeldout',
  'diversityHeldout',
  'alignmentHeldout',
  'compositeHeldout',
] as const;

/** Quality of a retrieved set, in the order of every table; `...Heldout` is under an encoder the reward never saw. */
export const METRICS = [...LABEL_METRICS, ...BUDGET_METRICS, ...JUDGE_METRICS, ...DIAGNOSTICS] as const;
export type Metric = (typeof METRICS)[number];

/** Metrics a method has; groundedness and composite only methods with directions, recall only where there are references. */
export type MetricEstimates = Partial<Record<Metric, Estimate>>;

export interface MethodResult {
  /** Means over queries and seeds with their bootstrap 95% intervals over queries. */
  readonly metrics: MetricEstimates;
  /** The mean of each seed, in the order of `seeds`; one entry for methods without a seed. */
  readonly perSeed: Partial<Record<Metric, readonly number[]>>;
  /** Median milliseconds a query, from its text to its items. */
  readonly msPerQuery: number;
  /** Mean on the validation queries; `validated` of the results says of what. */
  readonly validation?: number;
  /** Paired comparison with plain search on alpha-nDCG@k. */
  readonly againstPlain?: PairedComparison;
  /** Paired comparison with the best baseline of the validation queries on alpha-nDCG@k. */
  readonly againstBestBaseline?: PairedComparison & { readonly baseline: MethodName };
}

export interface EvaluationResults {
  readonly dataset: string;
  readonly task: 'oar' | 'wscr';
  /** Items all directions of a query retrieve together (B). */
  readonly budget: number;
  readonly k: number;
  readonly seeds: readonly number[];
  readonly queries: { readonly train: number; readonly valid: number; readonly test: number };
  /** Items of the catalog. */
  readonly items: number;
  readonly heldoutEncoder?: string;
  /** Who says what the items shown are worth, where nobody has labelled them: a setting's word, a model, a module. */
  readonly judge?: string;
  readonly methods: Partial<Record<MethodName, MethodResult>>;
  /** Test queries with a reference set: what label metrics are means over. */
  readonly labelled: number;
  /** The method that did best on the validation queries, which `auto` stands for; absent where there are none. */
  readonly chosen?: MethodName;
  /** By what it did best, and on how many queries. */
  readonly validated?: { readonly metric: QualityMetric; readonly queries: number };
  /** What the methods' settings were tuned to on the validation queries. */
  readonly tuned: Readonly<Record<string, number>>;
  /** Peak resident memory of the whole evaluation, MiB. */
  readonly peakMemoryMiB: number;
}

/** One retrieved set of one query, as a report shows it. */
export interface ReportedSet {
  readonly items: readonly {
    readonly id: string;
    readonly title: string;
    readonly image?: string;
    /** Row of the direction that brought it. */
    readonly direction: number;
    /** In the reference set. */
    readonly relevant?: boolean;
  }[];
  /** What was searched for, where the method has words for it. */
  readonly subQueries?: readonly string[];
  readonly metrics: Partial<Record<Metric, number>>;
}

export interface ReportedQuery {
  readonly query: string;
  /** Titles of the reference set, where there is one. */
  readonly reference?: readonly string[];
  readonly sets: Partial<Record<MethodName, ReportedSet>>;
}

/** A training's metrics log: one number a name and step. */
export interface ReportedCurve {
  readonly stage: 'warm-start' | 'policy' | 'diffusion';
  readonly seed: number;
  readonly points: readonly Readonly<Record<string, number>>[];
}

/** Everything `report.html` shows. */
export interface ReportData {
  readonly results: EvaluationResults;
  readonly curves: readonly ReportedCurve[];
  /** All test queries of the first seed, or as many as fit. */
  readonly queries: readonly ReportedQuery[];
  /** Quality against latency of the diffusion at several step counts. */
  readonly steps: readonly {
    readonly steps: number;
    readonly msPerQuery: number;
    readonly metrics: Partial<Record<Metric, number>>;
  }[];
  /** Queries for which a method found fewer than k items. */
  readonly failures: readonly {
    readonly method: MethodName;
    readonly query: string;
    readonly reason: string;
  }[];
  /** The command which makes this report again. */
  readonly command: string;
}
