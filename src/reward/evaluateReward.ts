import { R4tError } from '../errors.js';
import type { FanOut, RewardComponent, RewardFunction, RewardResult } from './reward.js';

/**
 * Scores one fan-out and checks the answer, because a reward may be the user's own code: a plain number becomes a
 * result without components.
 *
 * @throws R4tError if the function throws, or returns anything but finite numbers
 */
export function evaluateReward(reward: RewardFunction, fanOut: FanOut): RewardResult {
  const result = call(reward, fanOut);
  if (typeof result === 'number') {
    check(result, fanOut);
    return { reward: result, components: {} };
  }
  if (!isResult(result)) throw refusal(`returned ${describe(result)}`, fanOut);
  check(result.reward, fanOut, 'reward');
  for (const [name, component] of Object.entries(result.components)) {
    check(component?.raw, fanOut, `components.${name}.raw`);
    check(component?.normalized, fanOut, `components.${name}.normalized`);
  }
  return result;
}

/** The scores of a batch, and their means for the metrics log. */
export interface BatchScores {
  readonly results: readonly RewardResult[];
  /** `results[i].reward` as one array, [n]. */
  readonly rewards: Float64Array;
  readonly meanReward: number;
  /** Each component's means over the results which have it. */
  readonly meanComponents: Readonly<Record<string, RewardComponent>>;
}

/** Scores every fan-out with the same reward; the means of an empty batch are 0. */
export function scoreFanOuts(fanOuts: readonly FanOut[], reward: RewardFunction): BatchScores {
  const results = fanOuts.map((fanOut) => evaluateReward(reward, fanOut));
  const rewards = Float64Array.from(results, (result) => result.reward);
  const meanReward = rewards.reduce((sum, r) => sum + r, 0) / Math.max(1, rewards.length);
  return { results, rewards, meanReward, meanComponents: meanComponents(results) };
}

function meanComponents(results: readonly RewardResult[]): Record<string, RewardComponent> {
  const sums = new Map<string, { raw: number; normalized: number; count: number }>();
  for (const { components } of results) {
    for (const [name, { raw, normalized }] of Object.entries(components)) {
      const sum = sums.get(name) ?? { raw: 0, normalized: 0, count: 0 };
      sums.set(name, {
        raw: sum.raw + raw,
        normalized: sum.normalized + normalized,
        count: sum.count + 1,
      });
    }
  }
  return Object.fromEntries(
    Array.from(sums, ([name, { raw, normalized, count }]) => [
      name,
      { raw: raw / count, normalized: normalized / count },
    ]),
  );
}

function call(reward: RewardFunction, fanOut: FanOut): unknown {
  try {
    return reward(fanOut);
  } catch (cause) {
    if (cause instanceof R4tError) throw cause;
    throw refusal(`threw ${cause instanceof Error ? cause : describe(cause)}`, fanOut, cause);
  }
}

function isResult(value: unknown): value is RewardResult {
  return (
    typeof value === 'object' &&
    value !== null &&
    'reward' in value &&
    'components' in value &&
    typeof value.components === 'object' &&
    value.components !== null
  );
}

function check(value: unknown, fanOut: FanOut, field?: string): void {
  if (typeof value === 'number' && Number.isFinite(value)) return;
  throw refusal(`returned ${describe(value)}${field === undefined ? '' : ` as ${field}`}`, fanOut);
}

function refusal(what: string, { query }: FanOut, cause?: unknown): R4tError {
  return new R4tError(
    `the reward function ${what} for query "${query}"; ` +
      'it must return a finite number, or { reward, components } with finite numbers',
    { cause },
  );
}

function describe(value: unknown): string {
  if (value instanceof Promise) return 'a Promise (a reward cannot be async)';
  if (typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'object' && value !== null) return 'an object without reward and components';
  return String(value);
}
