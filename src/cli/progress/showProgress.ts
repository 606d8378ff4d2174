import { type CliIo, isTerminal, wantsColor } from '../io.js';
import { barStyle, jsonStyle, lineStyle } from './styles.js';
import { ProgressTracker } from './tracker.js';

export interface ShowProgressOptions {
  /** JSON lines on stdout instead of text on stderr. */
  readonly json: boolean;
}

/** Progress in the way that suits the output: a bar in a terminal, else lines. */
export function showProgress(io: CliIo, { json }: ShowProgressOptions): ProgressTracker {
  const { stdout, stderr } = io;
  if (json) return new ProgressTracker(jsonStyle(stdout));
  if (!isTerminal(stderr, io)) return new ProgressTracker(lineStyle(stderr));
  return new ProgressTracker(barStyle(stderr, { color: wantsColor(stderr, io) }));
}
