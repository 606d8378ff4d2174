/** Watches a run folder, whether a process works on it or not: only files are read, nothing is locked. */

import { basename, resolve } from 'node:path';
import type { ProbeLine } from '../compile/probeLog.js';
import { InputError } from '../errors.js';

import type { MetricsLine } from '../run/metricsLog.js';
import { RunFolder } from '../run/runFolder.js';
import { type DashboardEvent, type Figures, TRAININGS, type Training } from './events.js';
import { runStatus } from './runStatus.js';
import { MetricsTail } from './tail.js';

/** More lines than this at once are thinned out: a curve has no more pixels. */
const MOST_LINES = 2000;

export class RunWatcher {
  private readonly tails: ReadonlyMap<Training, MetricsTail>;
  private readonly probes: MetricsTail;
  private readonly latest = new Map<Training, MetricsLine[]>();
  private status = '';

  constructor(
    /** Number of the run in the events. */
    private readonly run: number,
    private readonly folder: string,
  ) {
    const tail = (...path: string[]) => new MetricsTail(resolve(folder, ...path));
    this.tails = new Map(TRAININGS.map((stage) => [stage, tail(stage, 'metrics.jsonl')]));
    this.probes = tail('policy', 'probes.jsonl');
  }

  /** What has changed since the last call; at first everything. */
  async poll(): Promise<DashboardEvent[]> {
    const events: DashboardEvent[] = [];
    const { run } = this;
    for (const [stage, tail] of this.tails) {
      const { reset, lines } = await tail.read();
      if (reset) this.latest.delete(stage);
      if (!reset && lines.length === 0) continue;
      this.latest.set(stage, [...(this.latest.get(stage) ?? []), ...lines].slice(-PACE));
      events.push({ type: 'metrics', data: { run, stage, reset, lines: thinned(lines).map(figures) } });
    }
    const { reset, lines } = await this.probes.read();
    if (reset || lines.length > 0)
      events.push({ type: 'probes', data: { run, reset, lines: lines as unknown as ProbeLine[] } });
    const status = await this.readStatus();
    if (status) events.unshift(status);
    return events;
  }

  private async readStatus(): Promise<DashboardEvent | undefined> {
    // A run that is started anew has no manifest for a moment; what was known of it stays.
    const run = await RunFolder.open(this.folder).catch((error: unknown) => {
      if (error instanceof InputError && this.status !== '') return undefined;
      throw error;
    });
    if (!run) return undefined;
    const data = {
      run: this.run,
      name: basename(resolve(this.folder)),
      folder: this.folder,
      ...(await runStatus(run, this.latest)),
    };
    const text = JSON.stringify(data);
    if (text === this.status) return undefined;
    this.status = text;
    return { type: 'status', data };
  }
}

/** Steps that tell the pace. */
const PACE = 30;

/** Every n-th line and the last. */
function thinned(lines: readonly MetricsLine[]): readonly MetricsLine[] {
  const every = Math.ceil(lines.length / MOST_LINES);
  return lines.filter((_, i) => i % every === 0 || i === lines.length - 1);
}

const figures = (line: MetricsLine): Figures =>
  Object.fromEntries(
    Object.entries(line).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
  );

export interface WatchOptions {
  /** Milliseconds between two looks at the files (500). */
  readonly interval?: number;
  /** Ends the watching. */
  readonly signal: AbortSignal;
}

/** Everything about the runs, then what changes, until it is stopped. */
export async function* watchRuns(
  folders: readonly string[],
  { interval = 500, signal }: WatchOptions,
): AsyncGenerator<DashboardEvent, void> {
  const watchers = folders.map((folder, i) => new RunWatcher(i, folder));
  for (let first = true; !signal.aborted; first = false) {
    for (const watcher of watchers) yield* await watcher.poll();
    if (first) yield { type: 'ready', data: { runs: folders.length } };
    await pause(interval, signal);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    const stop = () => {
      clearTimeout(timer);
      resolve();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    setTimeout(() => signal.removeEventListener('abort', stop), milliseconds);
  });
}
