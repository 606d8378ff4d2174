/** What Prometheus reads of the search service. */
import { Counter, Histogram } from 'prom-client';
import { RequestMetrics } from './requestMetrics.js';

/** What gauges read when they are asked. */
export interface Observed {
  queued(): number;
  pending(): number;
  /** Those of them that could not be embedded. */
  failed(): number;
  items(): number;
  drift(): number;
  visible(): number;
  takesChanges(): boolean;
  ready(): boolean;
}

export class Metrics extends RequestMetrics {
  readonly #batches = new Histogram({
    name: 'r4t_search_batch_jobs',
    help: 'Queries answered by one call of the model',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [this.registry],
  });
  readonly #stages = new Histogram({
    name: 'r4t_search_stage_seconds',
    help: 'Time of the stages of a batch',
    labelNames: ['stage'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    registers: [this.registry],
  });
  readonly #reloads = new Counter({
    name: 'r4t_reloads_total',
    help: 'Runs loaded after the first, by outcome',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  constructor(observed: Observed) {
    super();
    this.gauge(
      'r4t_queue_weight',
      'Queries that wait for a batch, expensive ones counted several times',
      observed.queued,
    );
    this.gauge('r4t_items_pending', 'Accepted changes that searches do not see yet', observed.pending);
    this.gauge('r4t_items_failed', 'Pending changes that could not be embedded', observed.failed);
    this.gauge('r4t_changes_visible', 'Searches see every change up to this number', observed.visible);
    this.gauge('r4t_changes_open', '1 if changes of items can be taken', () =>
      observed.takesChanges() ? 1 : 0,
    );
    this.gauge('r4t_items', 'Items that can be found', observed.items);
    this.gauge(
      'r4t_drift_share',
      'Items changed since the run was compiled, per compiled item',
      observed.drift,
    );
    this.gauge('r4t_ready', '1 if searches are answered', () => (observed.ready() ? 1 : 0));
  }

  batch(jobs: number, timings: Readonly<Record<string, number>>): void {
    this.#batches.observe(jobs);
    for (const [stage, ms] of Object.entries(timings)) this.#stages.observe({ stage }, ms / 1000);
  }

  reload(outcome: 'done' | 'failed'): void {
    this.#reloads.inc({ outcome });
  }
}
