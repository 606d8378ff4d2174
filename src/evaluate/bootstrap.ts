import { mean } from '../averages.js';
import { CounterRandom } from '../random.js';

/** A mean over queries with the interval in which it would fall for other queries of the same kind. */
export interface Estimate {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  /** Resamples (or sign flips) drawn. Default 2,000. */
  readonly resamples?: number;
  /** Share of resampled means inside the interval. Default 0.95. */
  readonly level?: number;
  readonly seed?: number;
}

/**
 * Percentile bootstrap interval of a mean (Efron & Tibshirani 1993, chapter 13).
 *
 * @param values one number a query
 * @throws RangeError if there are none
 */
export function bootstrapMean(
  values: ArrayLike<number>,
  { resamples = 2000, level = 0.95, seed = 0 }: BootstrapOptions = {},
): Estimate {
  const n = values.length;
  if (n === 0) throw new RangeError('an interval needs at least one value');
  const random = new CounterRandom(seed, 'evaluate/bootstrap');
  const means = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += values[random.integer(n)];
    means[r] = sum / n;
  }
  means.sort();
  const tail = (1 - level) / 2;
  return { mean: mean(values), low: quantile(means, tail), high: quantile(means, 1 - tail) };
}

export interface PairedComparison extends Estimate {
  /** Two-sided: how often chance alone would give a mean difference at least this large. */
  readonly pValue: number;
}

/**
 * Compares two methods on the same queries: the mean of a - b with its bootstrap interval, and the p-value of the
 * paired permutation test, which flips the sign of each difference at random. It is never 0, because the observed
 * signs count as one of the draws.
 *
 * @throws RangeError if the two do not have one number for each of the same queries
 */
export function comparePaired(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  options: BootstrapOptions = {},
): PairedComparison {
  if (a.length !== b.length) throw new RangeError(`cannot pair ${a.length} values with ${b.length}`);
  const { resamples = 2000, seed = 0 } = options;
  const differences = Float64Array.from({ length: a.length }, (_, i) => a[i] - b[i]);
  const estimate = bootstrapMean(differences, options);

  const random = new CounterRandom(seed, 'evaluate/permutation');
  // Sums of the same numbers in another order of signs differ by rounding; that must not make a tie a loss.
  const observed = Math.abs(estimate.mean * a.length) * (1 - 1e-12);
  let atLeast = 1;
  for (let r = 0; r < resamples; r++) {
    let sum = 0;
    for (let i = 0; i < differences.length; ) {
      for (
        let bits = random.uint32(), end = Math.min(i + 32, differences.length);
        i < end;
        i++, bits >>>= 1
      ) {
        sum += bits & 1 ? differences[i] : -differences[i];
      }
    }
    if (Math.abs(sum) >= observed) atLeast++;
  }
  return { ...estimate, pValue: atLeast / (resamples + 1) };
}

/** A difference is clear where the 95% interval leaves 0 out and the paired test agrees; few queries can have one without the other. */
const LEVEL = 0.05;

/** Whether a is clearly better or worse than b. */
export function relation(comparison: PairedComparison | undefined): 'above' | 'below' | 'unclear' {
  if (comparison === undefined || comparison.pValue >= LEVEL) return 'unclear';
  return comparison.low > 0 ? 'above' : comparison.high < 0 ? 'below' : 'unclear';
}

/** Linear interpolation between the order statistics, as numpy's default. */
function quantile(sorted: Float64Array, p: number): number {
  const position = p * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}
