/** What an evaluation says, as plain data: `results.json`, and everything the report shows. */
import type { Estimate, PairedComparison } from './bootstrap.js';

/** Methods that a user has without any training: what a compiled retriever must beat. */
export const BASELINES = [
  'plain',
  'bm25',
  'mmr',
  'dpp',
  'kmeans',
  'keywords',
  'keywordsGrounded',
  'knnQueries',
] as const;

/** Methods of a compiled run, whose sets another seed changes. */
export const COMPILED = [
  'untrained',
  'bestOfN',
  'folm',
  'diffusion',
  'diffusionSupervised',
  'diffusionUntrained',
] as const;

/** All methods, in the order of every table. */
export const METHODS = [...BASELINES, ...COMPILED] as const;
export type MethodName = (typeof METHODS)[number];

/** Quality of a retrieved set, in the order of every table; `...Heldout` is under an encoder the reward never saw. */
export const METRICS = [
  'recallAtB',
  'hitAtB',
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
  /** Paired comparison with the best baseline on the task's main metric. */
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
  readonly methods: Partial<Record<MethodName, MethodResult>>;
  /** Settings of the baselines chosen on the validation queries. */
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
