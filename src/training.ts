import type { TrainerState } from './engine/index.js';
import type { RunControl } from './progress.js';

/** One step of a training loop, as it is logged. */
export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** A view of the trainer: save it before the returned promise resolves, or not at all. */
  readonly state: TrainerState;
}

/** What every training loop accepts: cancelling, progress, resuming from a checkpoint and logging. */
export interface TrainingControl extends RunControl {
  /** A checkpoint to go on from; randomness is keyed by the step, so the rest is as if there had been no break. */
  readonly resume?: TrainerState;
  /** Called after every step; the place to write metrics and checkpoints. */
  readonly onStep?: (report: StepReport) => void | Promise<void>;
}
