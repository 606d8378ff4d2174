import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { symmetricEigenvalues } from './eigenvalues.js';

const sorted = (values: Float64Array) => [...values].sort((a, b) => a - b);

/** Park & Miller's generator on [-0.5, 0.5): simple enough to repeat exactly in any language. */
function parkMiller(n: number, seed: number): Float64Array {
  let x = seed;
  return Float64Array.from({ length: n }, () => {
    x = (x * 16807) % 2147483647;
    return x / 2147483647 - 0.5;
  });
}

describe('symmetricEigenvalues', () => {
  it('agrees with numpy.linalg.eigvalsh', () => {
    const b = parkMiller(36, 9);
    const a = Float64Array.from({ length: 36 }, (_, i) => b[i] + b[(i % 6) * 6 + Math.floor(i / 6)]);
    const expected = [
      -1.651752257183377, -1.2537709414941658, -0.25466106428238167, -0.010078025631224749,
      0.6104248276102751, 1.4999659862063814,
    ];
    sorted(symmetricEigenvalues(a, 6)).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 13);
    });
  });

  it('solves the second-difference matrix, whose eigenvalues are 2 - 2 cos(j pi / (n + 1))', () => {
    const n = 17;
    const a = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      a[i * n + i] = 2;
      if (i > 0) a[i * n + i - 1] = -1;
    }
    sorted(symmetricEigenvalues(a, n)).forEach((value, i) => {
      expect(value).toBeCloseTo(2 - 2 * Math.cos(((i + 1) * Math.PI) / (n + 1)), 13);
    });
  });

  it('handles the smallest, diagonal, zero and rank-one matrices', () => {
    expect([...symmetricEigenvalues(new Float64Array(0), 0)]).toEqual([]);
    expect([...symmetricEigenvalues(Float64Array.of(3), 1)]).toEqual([3]);
    expect([...symmetricEigenvalues(Float64Array.of(2, 0, 0, -5), 2)]).toEqual([2, -5]);
    expect([...symmetricEigenvalues(new Float64Array(16), 4)]).toEqual([0, 0, 0, 0]);
    const ones = sorted(symmetricEigenvalues(new Float64Array(100).fill(1), 10));
    for (let i = 0; i < 9; i++) expect(ones[i]).toBeCloseTo(0, 13);
    expect(ones[9]).toBeCloseTo(10, 13);
  });

  it('keeps the traces of A and A^2, and knows the spectrum it was built from', () => {
    const cases = fc.integer({ min: 1, max: 12 }).chain((n) =>
      fc.record({
        n: fc.constant(n),
        spectrum: fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: n, maxLength: n }),
        axes: fc.array(
          fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: n, maxLength: n }),
          { minLength: 1, maxLength: 4 },
        ),
      }),
    );
    fc.assert(
      fc.property(cases, ({ n, spectrum, axes }) => {
        let a = diagonal(spectrum);
        for (const axis of axes) a = conjugate(a, n, axis);
        const expected = spectrum.toSorted((x, y) => x - y);
        sorted(symmetricEigenvalues(a, n)).forEach((value, i) => {
          expect(value).toBeCloseTo(expected[i], 10);
        });
      }),
    );
  });

  it('returns NaN for NaN, and ends', () => {
    const a = Float64Array.of(1, 0, 0, Number.NaN, 1, 0, 0.5, 0.2, 1);
    expect(symmetricEigenvalues(a, 3).some(Number.isNaN)).toBe(true);
  });
});

function diagonal(values: readonly number[]): Float64Array {
  const n = values.length;
  return Float64Array.from({ length: n * n }, (_, i) => (i % (n + 1) === 0 ? values[i / (n + 1)] : 0));
}

/** H A H with the Householder reflection H across `axis`: another matrix with the same eigenvalues. */
function conjugate(a: Float64Array, n: number, axis: readonly number[]): Float64Array {
  const norm2 = axis.reduce((sum, v) => sum + v * v, 0);
  if (norm2 < 1e-6) return a;
  const h = Float64Array.from({ length: n * n }, (_, i) => {
    const [r, c] = [Math.floor(i / n), i % n];
    return (r === c ? 1 : 0) - (2 * axis[r] * axis[c]) / norm2;
  });
  return multiply(h, multiply(a, h, n), n);
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  return Float64Array.from({ length: n * n }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[Math.floor(i / n) * n + k] * b[k * n + (i % n)];
    return sum;
  });
}
