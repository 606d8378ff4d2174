/** What the server has told so far. */
import { computed, signal } from '@preact/signals';
import type { ProbeLine } from '../../src/compile/probeLog.js';
import type {
  DashboardEvent,
  Figures,
  MetricsEvent,
  ProbesEvent,
  RunStatus,
  Training,
} from '../../src/dashboard/events.js';

export interface RunData {
  readonly status: RunStatus;
  readonly metrics: Readonly<Partial<Record<Training, readonly Figures[]>>>;
  readonly probes: readonly ProbeLine[];
}

export type Runs = Readonly<Record<number, RunData>>;

/** The runs after one more event; a pure function, so that what is drawn follows from what was told. */
export function told(runs: Runs, event: DashboardEvent): Runs {
  if (event.type === 'ready') return runs;
  const before = runs[event.data.run];
  if (event.type === 'status') {
    return { ...runs, [event.data.run]: { ...(before ?? { metrics: {}, probes: [] }), status: event.data } };
  }
  // Every run begins with its status.
  if (!before) return runs;
  return { ...runs, [event.data.run]: { ...before, ...added(before, event) } };
}

function added(
  { metrics, probes }: RunData,
  event: { type: 'metrics'; data: MetricsEvent } | { type: 'probes'; data: ProbesEvent },
): Partial<RunData> {
  if (event.type === 'probes') {
    return { probes: [...(event.data.reset ? [] : probes), ...event.data.lines] };
  }
  const { stage, reset, lines } = event.data;
  return { metrics: { ...metrics, [stage]: [...(reset ? [] : (metrics[stage] ?? [])), ...lines] } };
}

export const runs = signal<Runs>({});
export const connection = signal<'connecting' | 'open' | 'lost'>('connecting');
/** What went wrong on the server's side. */
export const problem = signal<string | undefined>(undefined);
/** Runs that are not drawn. */
export const hidden = signal<ReadonlySet<number>>(new Set());
/** The step under the pointer, in which training. */
export const hover = signal<{ stage: Training; step: number } | undefined>(undefined);

export const all = computed(() => Object.values(runs.value));
export const shown = computed(() => all.value.filter(({ status }) => !hidden.value.has(status.run)));

/** Follows the server's events; a lost connection is taken up again, and everything is told anew then. */
export function connect(): void {
  const source = new EventSource('api/events');
  let pending: DashboardEvent[] = [];
  let fresh = true;
  let scheduled = false;
  // Many events, one drawing.
  const flush = () => {
    scheduled = false;
    runs.value = pending.reduce(told, fresh ? {} : runs.peek());
    fresh = false;
    pending = [];
  };
  const take = (type: DashboardEvent['type']) => (message: MessageEvent<string>) => {
    pending.push({ type, data: JSON.parse(message.data) } as DashboardEvent);
    // What is told at first is drawn at once, as a whole.
    if (fresh ? type === 'ready' : !scheduled) {
      scheduled = true;
      setTimeout(flush, fresh ? 0 : 100);
    }
  };
  source.onopen = () => {
    pending = [];
    fresh = true;
    connection.value = 'open';
    problem.value = undefined;
  };
  source.onerror = () => {
    connection.value = 'lost';
  };
  for (const type of ['status', 'metrics', 'probes', 'ready'] as const)
    source.addEventListener(type, take(type));
  source.addEventListener('problem', (message: MessageEvent<string>) => {
    problem.value = (JSON.parse(message.data) as { detail: string }).detail;
  });
}
