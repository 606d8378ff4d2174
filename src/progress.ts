/** One report of a long-running stage. The CLI draws it; a library user may log or ignore it. */
export interface Progress {
  /** The stage or sub-stage, e.g. `encode`, `policy/warm-start`, `policy/rl`, `diffusion`. */
  readonly stage: string;
  /** Units done so far and in all (items, steps, queries). */
  readonly done: number;
  readonly total: number;
  /** Live figures worth seeing, e.g. `{ reward: 0.61, kl: 0.02 }`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** Set when something is wrong but training goes on, e.g. a collapse alarm. */
  readonly warning?: string;
}

/** Receives progress reports; must not throw. */
export type OnProgress = (progress: Progress) => void;

/** What every long operation accepts. */
export interface RunControl {
  /** Stops the work as soon as it safely can; the operation then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}
