/** What Prometheus reads of a reward service. */
import { Counter, Histogram } from 'prom-client';
import { RequestMetrics } from '../http/requestMetrics.js';

export class RewardMetrics extends RequestMetrics {
  readonly #completions = new Counter({
    name: 'r4t_reward_completions_total',
    help: 'Completions rewarded, by whether a sub-query was found in them',
    labelNames: ['usable'],
    registers: [this.registry],
  });
  readonly #batches = new Histogram({
    name: 'r4t_reward_batch_completions',
    help: 'Completions rewarded by one call of the encoder',
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers: [this.registry],
  });
  readonly #rewards = new Histogram({
    name: 'r4t_reward',
    help: 'Rewards given',
    buckets: [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1],
    registers: [this.registry],
  });

  /** @param queued completions that wait for a batch */
  constructor(queued: () => number) {
    super();
    this.gauge('r4t_queue_weight', 'Completions that wait for a batch', queued);
  }

  batch(completions: number): void {
    this.#batches.observe(completions);
  }

  rewarded(reward: number, usable: boolean): void {
    this.#rewards.observe(reward);
    this.#completions.inc({ usable: String(usable) });
  }
}
