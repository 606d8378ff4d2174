import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What Prometheus reads of a reward service. */
export class RewardMetrics {
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
    buckets: [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60],
    registers: [this.#registry],
  });
  readonly #completions = new Counter({
    name: 'r4t_reward_completions_total',
    help: 'Completions rewarded, by whether a sub-query was found in them',
    labelNames: ['usable'],
    registers: [this.#registry],
  });
  readonly #batches = new Histogram({
    name: 'r4t_reward_batch_completions',
    help: 'Completions rewarded by one call of the encoder',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [this.#registry],
  });
  readonly #rewards = new Histogram({
    name: 'r4t_reward',
    help: 'Rewards given',
    buckets: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
    registers: [this.#registry],
  });

  /** @param queued completions that wait for a batch */
  constructor(queued: () => number) {
    new Gauge({
      name: 'r4t_queue_weight',
      help: 'Completions that wait for a batch',
      registers: [this.#registry],
      collect() {
        this.set(queued());
      },
    });
  }

  /** Adds those of the process; once a process. */
  watchProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  request(route: string, status: number, milliseconds: number): void {
    this.#requests.inc({ route, status });
    this.#seconds.observe({ route }, milliseconds / 1000);
  }

  batch(completions: number): void {
    this.#batches.observe(completions);
  }

  rewarded(reward: number, usable: boolean): void {
    this.#rewards.observe(reward);
    this.#completions.inc({ usable: String(usable) });
  }

  async text(): Promise<{ body: string; contentType: string }> {
    return { body: await this.#registry.metrics(), contentType: this.#registry.contentType };
  }
}
