import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { linearScale, logScale } from './scale.js';

const values = (options: fc.DoubleConstraints) =>
  fc.array(fc.double({ noNaN: true, noDefaultInfinity: true, ...options }), { minLength: 1, maxLength: 20 });

describe('linearScale', () => {
  it('has round ends', () => {
    const { domain, ticks, at, format } = linearScale([0.213, 0.587]);
    expect(domain).toEqual([0.2, expect.closeTo(0.6)]);
    expect(ticks.map(format)).toEqual(['0.2', '0.3', '0.4', '0.5', '0.6']);
    expect([at(0.2), at(0.4)]).toEqual([0, expect.closeTo(0.5)]);
    expect(
      linearScale([-0.04, 0.02], { ticks: 3 }).ticks.map(linearScale([-0.04, 0.02], { ticks: 3 }).format),
    ).toEqual(['−0.04', '−0.02', '0', '0.02']);
    const large = linearScale([0, 61_000]);
    expect(large.ticks.map(large.format)).toEqual(['0', '20k', '40k', '60k', '80k']);
  });

  it('has room for all its values, and ticks in order', () => {
    fc.assert(
      fc.property(values({ min: -1e6, max: 1e6 }), (all) => {
        const { at, ticks, format } = linearScale(all);
        for (const value of all) {
          expect(at(value)).toBeGreaterThanOrEqual(-1e-6);
          expect(at(value)).toBeLessThanOrEqual(1 + 1e-6);
        }
        expect(ticks.length).toBeGreaterThanOrEqual(2);
        expect(ticks.length).toBeLessThanOrEqual(12);
        for (let i = 1; i < ticks.length; i++) expect(ticks[i]).toBeGreaterThan(ticks[i - 1]);
        for (const tick of ticks) expect(format(tick)).toMatch(/^−?[\d.]+(e−\d+|[kM])?$/);
      }),
    );
  });
});

describe('logScale', () => {
  it('has 1, 2 and 5 over a few decades, powers of ten over many', () => {
    const few = logScale([0.5, 60]);
    expect(few.ticks.map(few.format)).toEqual(['0.5', '1', '2', '5', '10', '20', '50']);
    const many = logScale([0.02, 5000]);
    expect(many.ticks.map(many.format)).toEqual(['0.1', '1', '10', '100', '1000']);
    expect(many.at(10)).toBeCloseTo(Math.log(500) / Math.log(250_000));
  });

  it('has a tick also where the values lie between two of them', () => {
    expect(logScale([2.1, 4.3]).ticks).toEqual([2, 5]);
    expect(logScale([200_000.00000000003, 400_000.00000000006]).ticks).not.toEqual([]);
  });

  it('has room for all its values, and a tick', () => {
    fc.assert(
      fc.property(values({ min: 1e-4, max: 1e6 }), (all) => {
        const { at, ticks } = logScale(all);
        for (const value of all) {
          expect(at(value)).toBeGreaterThanOrEqual(-1e-6);
          expect(at(value)).toBeLessThanOrEqual(1 + 1e-6);
        }
        expect(ticks.length).toBeGreaterThanOrEqual(1);
      }),
    );
  });
});
