/** What the dashboard's server tells its page, event by event. */
import type { ProbeFigures } from '../choose/probeFigures.js';
import type { ProbeLine } from '../compile/probeLog.js';
import type { CompileStage } from '../compile/stage.js';
import type { Method } from '../retrieve/methodNames.js';

export interface StageStatus {
  readonly stage: CompileStage;
  readonly state: 'done' | 'running' | 'stopped' | 'open';
  /** Steps or queries so far and in all, where that is known. */
  readonly done?: number;
  readonly total?: number;
  /** Working time so far. */
  readonly seconds?: number;
  /** Seconds left at the pace of the last steps; only while it is running. */
  readonly remaining?: number;
}

export interface Baseline {
  readonly method: Method;
  readonly value: number;
}

export interface RunStatus {
  /** Place of the run among those watched, from 0. */
  readonly run: number;
  readonly name: string;
  readonly folder: string;
  readonly items: number;
  /** Items of a set. */
  readonly k: number;
  /** The best baseline by each figure of the probes, on the same validation queries; once methods are compared. */
  readonly baselines?: Readonly<Partial<Record<keyof ProbeFigures, Baseline>>>;
  /** Settings by their dotted names, e.g. `policy.groupSize`; what differs between runs is worth showing. */
  readonly settings: Readonly<Record<string, string>>;
  readonly stages: readonly StageStatus[];
  /** What is wrong with the policy after its last step, e.g. a collapse. */
  readonly warning?: string;
}

/** Stages that log metrics. */
export const TRAININGS = ['warm-start', 'policy', 'diffusion'] as const;
export type Training = (typeof TRAININGS)[number];

/** The figures of one step, those that are numbers. */
export type Figures = Readonly<Record<string, number>>;

export interface MetricsEvent {
  readonly run: number;
  readonly stage: Training;
  /** Forget the figures so far. */
  readonly reset: boolean;
  readonly lines: readonly Figures[];
}

export interface ProbesEvent {
  readonly run: number;
  readonly reset: boolean;
  readonly lines: readonly ProbeLine[];
}

export type DashboardEvent =
  | { readonly type: 'status'; readonly data: RunStatus }
  | { readonly type: 'metrics'; readonly data: MetricsEvent }
  | { readonly type: 'probes'; readonly data: ProbesEvent }
  /** All there was to tell at first has been told. */
  | { readonly type: 'ready'; readonly data: { readonly runs: number } };
