import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { figure, interval, milliseconds, plural, pValue, signed } from './figures.js';

describe('figures', () => {
  it('prints numbers as people read them', () => {
    expect([figure(0.5), figure(-0.25), figure(-0.0001), figure(undefined), figure(Number.NaN)]).toEqual([
      '0.500',
      '−0.250',
      '0.000',
      '–',
      '–',
    ]);
    expect([signed(0.06), signed(-0.06), signed(0.0001), signed(undefined)]).toEqual([
      '+0.060',
      '−0.060',
      '0.000',
      '–',
    ]);
    expect(interval({ low: 0.1, high: 0.2 })).toBe('[0.100, 0.200]');
    expect([0.021, 1.25, 17.12, 1240.4, undefined].map(milliseconds)).toEqual([
      '0.02',
      '1.25',
      '17.1',
      '1,240',
      '–',
    ]);
    expect([pValue(0.0005), pValue(0.0421)]).toEqual(['< 0.001', '0.042']);
    expect([plural(1, 'seed'), plural(3, 'seed'), plural(2, 'query', 'queries')]).toEqual([
      '1 seed',
      '3 seeds',
      '2 queries',
    ]);
  });

  it('never prints a signed zero', () => {
    fc.assert(
      fc.property(fc.double({ min: -0.01, max: 0.01, noNaN: true }), (value) => {
        for (const text of [figure(value), signed(value)])
          if (/^[+−]/.test(text)) expect(text.slice(1)).not.toBe('0.000');
      }),
    );
  });
});
