import type { OnProgress } from '../../progress.js';
import { Eta } from './eta.js';

/** Where a stage stands. */
export interface StageState {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** Since the stage before it ended. */
  readonly seconds: number;
  /** Estimated seconds left. */
  readonly remaining?: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/** A way to show progress. */
export interface ProgressStyle {
  /** Milliseconds between two updates, at least. */
  readonly interval: number;
  update(state: StageState): void;
  /** The stage is complete. */
  finish(state: StageState): void;
  warn(stage: string, warning: string): void;
  /** The stage was left before it was complete. */
  leave(state: StageState): void;
}

/** Turns the reports of a run into updates of its stages, no more often than the style wants them. */
export class ProgressTracker {
  readonly #warned = new Set<string>();
  #stageStarted: number;
  #shownAt = Number.NEGATIVE_INFINITY;
  #current?: { state: StageState; readonly eta: Eta };

  constructor(
    private readonly style: ProgressStyle,
    /** A clock in milliseconds. */
    private readonly now: () => number = () => performance.now(),
  ) {
    this.#stageStarted = now();
  }

  readonly onProgress: OnProgress = ({ stage, done, total, metrics = {}, warning }) => {
    if (this.#current?.state.stage !== stage) this.#leave();
    const eta = this.#current?.eta ?? new Eta();
    const now = this.now();
    const seconds = (now - this.#stageStarted) / 1000;
    const remaining = eta.update(done, total, now / 1000);
    const state = { stage, done, total, seconds, remaining, metrics };
    this.#current = { state, eta };
    if (warning !== undefined) this.#warn(stage, warning);
    if (done >= total) this.#end(() => this.style.finish(state));
    else if (now - this.#shownAt >= this.style.interval) {
      this.#shownAt = now;
      this.style.update(state);
    }
  };

  /** Call it when the work has ended, well or not. */
  close(): void {
    this.#leave();
  }

  /** Shows a warning once, even if its figures change; digits in names and addresses are none. */
  #warn(stage: string, warning: string): void {
    const kind = `${stage} ${warning.replace(/(?<![\w:/.-])\d[\d.,]*/g, '#')}`;
    if (this.#warned.has(kind)) return;
    this.#warned.add(kind);
    this.style.warn(stage, warning);
  }

  #leave(): void {
    const { state } = this.#current ?? {};
    if (state) this.#end(() => this.style.leave(state));
  }

  #end(show: () => void): void {
    show();
    this.#current = undefined;
    this.#stageStarted = this.now();
    this.#shownAt = Number.NEGATIVE_INFINITY;
  }
}
