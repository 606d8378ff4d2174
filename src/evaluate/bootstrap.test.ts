import { describe, expect, it } from 'vitest';
import { CounterRandom } from '../random.js';
import { bootstrapMean, comparePaired } from './bootstrap.js';

const normals = (n: number, mean: number, seed: number) =>
  new CounterRandom(seed).fillNormal(new Float32Array(n)).map((x) => x + mean);

describe('bootstrapMean', () => {
  it('is close to mean +- 1.96 standard errors on normal values', () => {
    const values = normals(400, 3, 1);
    const mean = values.reduce((sum, x) => sum + x, 0) / 400;
    const error = Math.sqrt(values.reduce((sum, x) => sum + (x - mean) ** 2, 0)) / 400;
    const estimate = bootstrapMean(values, { resamples: 10_000 });
    expect(estimate.mean).toBeCloseTo(mean, 6);
    expect(Math.abs(estimate.low - (mean - 1.96 * error))).toBeLessThan(0.1 * error);
    expect(Math.abs(estimate.high - (mean + 1.96 * error))).toBeLessThan(0.1 * error);
  });

  it('finds the quantiles of the exact bootstrap distribution of four values', () => {
    const values = [0, 1, 5, 20];
    const exact: number[] = [];
    for (const a of values) {
      for (const b of values) for (const c of values) for (const d of values) exact.push((a + b + c + d) / 4);
    }
    exact.sort((x, y) => x - y);
    const { low, high } = bootstrapMean(values, { resamples: 40_000, level: 0.8 });
    expect(low).toBe(exact[Math.floor(0.1 * 256)]);
    expect(high).toBe(exact[Math.floor(0.9 * 256)]);
  });

  it('covers the true mean about as often as it says', () => {
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { low, high } = bootstrapMean(normals(60, 1, seed), { resamples: 400, seed });
      if (low <= 1 && 1 <= high) covered++;
    }
    expect(covered / 200).toBeGreaterThan(0.89);
    expect(covered / 200).toBeLessThan(0.99);
  });

  it('is the same for the same seed, a point for one value, and refuses none', () => {
    const values = normals(20, 0, 2);
    expect(bootstrapMean(values, { seed: 5 })).toEqual(bootstrapMean(values, { seed: 5 }));
    expect(bootstrapMean(values, { seed: 5 })).not.toEqual(bootstrapMean(values, { seed: 6 }));
    expect(bootstrapMean([0.25])).toEqual({ mean: 0.25, low: 0.25, high: 0.25 });
    expect(() => bootstrapMean([])).toThrow(RangeError);
  });
});

describe('comparePaired', () => {
  it('approaches the exact p-value over all sign flips', () => {
    const a = [1.2, 0.4, 2.5, 0.1, 1.9, 0.3, 1.1, 0.8];
    const b = [0.9, 0.7, 1.1, 0.2, 1.0, 0.5, 0.6, 0.2];
    const differences = a.map((x, i) => x - b[i]);
    const observed = differences.reduce((sum, x) => sum + x, 0);
    let atLeast = 0;
    for (let signs = 0; signs < 256; signs++) {
      const sum = differences.reduce((total, x, i) => total + ((signs >> i) & 1 ? x : -x), 0);
      if (Math.abs(sum) >= observed - 1e-9) atLeast++;
    }
    const { mean, pValue } = comparePaired(a, b, { resamples: 50_000 });
    expect(mean).toBeCloseTo(observed / 8, 12);
    expect(pValue).toBeCloseTo(atLeast / 256, 2);
  });

  it('sees a small difference on the same queries which unpaired noise would hide', () => {
    const difficulty = normals(100, 0, 3);
    const better = difficulty.map((x, i) => x + 0.05 + 0.02 * Math.sin(i));
    const result = comparePaired(better, difficulty);
    expect(result.pValue).toBe(1 / 2001);
    expect(result.low).toBeGreaterThan(0.04);
    expect(result.high).toBeLessThan(0.06);
  });

  it('finds nothing between equals', () => {
    const values = normals(50, 0, 4);
    expect(comparePaired(values, values)).toEqual({ mean: 0, low: 0, high: 0, pValue: 1 });
  });

  it('gives small p-values no more often than chance when there is no difference', () => {
    let rejected = 0;
    for (let seed = 0; seed < 200; seed++) {
      const { pValue } = comparePaired(normals(40, 0, seed), normals(40, 0, seed + 1000), {
        resamples: 200,
        seed,
      });
      if (pValue <= 0.1) rejected++;
    }
    expect(rejected / 200).toBeLessThan(0.17);
    expect(rejected / 200).toBeGreaterThan(0.04);
  });

  it('refuses values which do not pair', () => {
    expect(() => comparePaired([1, 2], [1])).toThrow('cannot pair 2 values with 1');
  });
});
