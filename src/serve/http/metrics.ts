/** What Prometheus reads. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What gauges read when they are asked. */
export interface Observed {
  queued(): number;
  pending(): number;
  items(): number;
  drift(): number;
  ready(): boolean;
}

/** The metrics of one server, in a registry of their own. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests = new Counter({
    name: 'r4t_http_requests_total',
    help: 'Requests answered',
    labelNames: ['route', 'status'],
    registers: [this.#registry],
  });
  readonly #seconds = new Histogram({
    name: 'r4t_http_request_seconds',
    help: 'Time to answer a request',
    labelNames: ['route'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10],
    registers: [this.#registry],
  });
  readonly #batches = new Histogram({
    name: 'r4t_search_batch_jobs',
    help: 'Queries answered by one call of the model',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers: [this.#registry],
  });
  readonly #stages = new Histogram({
    name: 'r4t_search_stage_seconds',
    help: 'Time of the stages of a batch',
    labelNames: ['stage'],
    buckets: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
    registers: [this.#registry],
  });
  readonly #reloads = new Counter({
    name: 'r4t_reloads_total',
    help: 'Runs loaded after the first, by outcome',
    labelNames: ['outcome'],
    registers: [this.#registry],
  });

  constructor(observed: Observed) {
    const registers = [this.#registry];
    const gauge = (name: string, help: string, read: () => number) =>
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    gauge(
      'r4t_queue_weight',
      'Queries that wait for a batch, expensive ones counted several times',
      observed.queued,
    );
    gauge('r4t_items_pending', 'Accepted changes that searches do not see yet', observed.pending);
    gauge('r4t_items', 'Items that can be found', observed.items);
    gauge('r4t_drift_share', 'Items changed since the run was compiled, per compiled item', observed.drift);
    gauge('r4t_ready', '1 if searches are answered', () => (observed.ready() ? 1 : 0));
  }

  /** Adds those of the process; once a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  request(route: string, status: number, milliseconds: number): void {
    this.#requests.inc({ route, status });
    this.#seconds.observe({ route }, milliseconds / 1000);
  }

  batch(jobs: number, timings: Readonly<Record<string, number>>): void {
    this.#batches.observe(jobs);
    for (const [stage, ms] of Object.entries(timings)) this.#stages.observe({ stage }, ms / 1000);
  }

  reload(outcome: 'done' | 'failed'): void {
    this.#reloads.inc({ outcome });
  }

  async text(): Promise<{ body: string; contentType: string }> {
    return { body: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }
}
