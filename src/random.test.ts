import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CounterRandom, philox4x32 } from './random.js';

function moments(values: ArrayLike<number>) {
  const n = values.length;
  const mean = Array.from(values).reduce((sum, v) => sum + v, 0) / n;
  const central = (p: number) => Array.from(values).reduce((sum, v) => sum + (v - mean) ** p, 0) / n;
  return { mean, variance: central(2), skew: central(3), kurtosis: central(4) };
}

describe('philox4x32', () => {
  // The known-answer vectors of the Random123 library (kat_vectors, philox4x32 10).
  it.each([
    {
      counter: [0, 0, 0, 0],
      key: [0, 0],
      words: [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    },
    {
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      words: [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    },
    {
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      words: [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    },
  ])('answers as Random123 does for key $key', ({ counter: [c0, c1, c2, c3], key: [k0, k1], words }) => {
    const out = new Uint32Array(4);
    philox4x32(out, c0, c1, c2, c3, k0, k1);
    expect([...out]).toEqual(words);
  });
});

describe('CounterRandom', () => {
  const take = (random: CounterRandom, n = 8) => Array.from({ length: n }, () => random.uint32());

  it('gives the same bits for the same seed and stream', () => {
    expect(take(new CounterRandom(7, 'noise', 3))).toEqual(take(new CounterRandom(7, 'noise', 3)));
  });

  it('keeps its sequences from version to version', () => {
    expect(take(new CounterRandom(42, 'golden'), 5)).toMatchInlineSnapshot(`
      [
        1936701650,
        3706136529,
        2511031209,
        2250274791,
        3201853419,
      ]
    `);
    const normals = new CounterRandom(42, 'golden').fillNormal(new Float32Array(4));
    expect(Array.from(normals, (x) => Number(x.toFixed(5)))).toMatchInlineSnapshot(`
      [
        0.8221,
        -0.95764,
        -1.02441,
        -0.15522,
      ]
    `);
  });

  it('separates streams which differ in any part', () => {
    const streams: [number, ...(string | number)[]][] = [
      [1],
      [2],
      [-1],
      [1.5],
      [1, ''],
      [1, 0],
      [1, 1],
      [1, '1'],
      [1, 'a', 1],
      [1, 'a', '1'],
      [1, 'a1'],
      [1, 1, 'a'],
      [1, 'ab'],
      [1, 'a', 'b'],
    ];
    const words = streams.flatMap(([seed, ...stream]) => take(new CounterRandom(seed, ...stream)));
    expect(new Set(words).size).toBe(words.length);
  });

  it('has independent neighbouring streams', () => {
    const n = 50_000;
    const a = new CounterRandom(1, 'step', 1).fillNormal(new Float32Array(n));
    const b = new CounterRandom(1, 'step', 2).fillNormal(new Float32Array(n));
    const correlation = a.reduce((sum, x, i) => sum + x * b[i], 0) / n;
    expect(Math.abs(correlation)).toBeLessThan(5 / Math.sqrt(n));
  });

  it('draws uniform values with the moments of U[0, 1)', () => {
    const n = 200_000;
    const random = new CounterRandom(3);
    const drawn = [
      Float64Array.from({ length: n }, () => random.uniform()),
      random.fillUniform(new Float32Array(n)),
    ];
    for (const values of drawn) {
      expect(values.every((x: number) => x >= 0 && x < 1)).toBe(true);
      const { mean, variance, kurtosis } = moments(values);
      expect(mean).toBeCloseTo(1 / 2, 2);
      expect(variance).toBeCloseTo(1 / 12, 3);
      expect(kurtosis).toBeCloseTo(1 / 80, 3);
    }
  });

  it('draws normal values with the moments of N(0, 1)', () => {
    const n = 400_000;
    const random = new CounterRandom(4);
    const drawn = [
      Float64Array.from({ length: n }, () => random.normal()),
      random.fillNormal(new Float32Array(n)),
    ];
    for (const values of drawn) {
      const { mean, variance, skew, kurtosis } = moments(values);
      expect(Math.abs(mean)).toBeLessThan(0.01);
      expect(Math.abs(variance - 1)).toBeLessThan(0.015);
      expect(Math.abs(skew)).toBeLessThan(0.025);
      expect(Math.abs(kurtosis - 3)).toBeLessThan(0.06);
    }
  });

  it('draws normals whose tail has the right mass', () => {
    const n = 400_000;
    const values = new CounterRandom(5).fillNormal(new Float32Array(n));
    const beyond = (z: number) => values.filter((x) => Math.abs(x) > z).length / n;
    expect(beyond(1)).toBeCloseTo(0.3173, 2);
    expect(beyond(2)).toBeCloseTo(0.0455, 2);
    expect(beyond(3)).toBeCloseTo(0.0027, 3);
  });

  it('scales normals and fills any length', () => {
    for (const n of [0, 1, 3, 4, 7]) {
      const unit = new CounterRandom(6).fillNormal(new Float32Array(n));
      const scaled = new CounterRandom(6).fillNormal(new Float32Array(n), 2);
      expect([...scaled]).toEqual(Array.from(unit, (x) => 2 * x));
      expect(unit.every((x) => x !== 0)).toBe(true);
    }
  });

  it('fills a short buffer with the start of a longer one', () => {
    const long = new CounterRandom(6).fillUniform(new Float32Array(11));
    const short = new CounterRandom(6).fillUniform(new Float32Array(6));
    expect([...short]).toEqual([...long.subarray(0, 6)]);
  });

  it('draws integers evenly', () => {
    const random = new CounterRandom(8);
    const counts = new Int32Array(7);
    const n = 70_000;
    for (let i = 0; i < n; i++) counts[random.integer(7)]++;
    const chiSquare = counts.reduce((sum, c) => sum + (c - n / 7) ** 2 / (n / 7), 0);
    expect(chiSquare).toBeLessThan(22.5); // the 99.9% point of 6 degrees of freedom
  });

  it('permutes: every number once, in all orders equally often', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), fc.integer(), (n, seed) => {
        const sorted = new CounterRandom(seed).permutation(n).toSorted();
        expect([...sorted]).toEqual(Array.from({ length: n }, (_, i) => i));
      }),
    );
    const random = new CounterRandom(9);
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const order = random.shuffle(['a', 'b', 'c']).join('');
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(6);
    for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });

  it('chooses among all values', () => {
    const random = new CounterRandom(10);
    const seen = new Set(Array.from({ length: 100 }, () => random.choice(['a', 'b', 'c'])));
    expect(seen).toEqual(new Set(['a', 'b', 'c']));
  });

  it('rejects what it cannot draw from', () => {
    const random = new CounterRandom(11);
    expect(() => random.integer(0)).toThrow(RangeError);
    expect(() => random.choice([])).toThrow(RangeError);
    expect(() => new CounterRandom(Number.NaN)).toThrow(RangeError);
  });
});
