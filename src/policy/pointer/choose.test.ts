import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Parameters } from '../../engine/index.js';
import { CounterRandom } from '../../random.js';
import { type ChosenSet, choose, type QueryItems } from './choose.js';
import { STATE, STATE_WIDTH } from './model.js';

const K = 3;

function normals(stream: string, seed: number, count: number): Float32Array {
  const out = new Float32Array(count);
  new CounterRandom(seed, stream).fillNormal(out);
  return out;
}

const itemsOf = (seed: number, candidates: number): QueryItems => ({
  base: normals('base', seed, candidates),
  keys: normals('keys', seed, candidates * STATE_WIDTH),
  values: normals('values', seed, candidates * STATE_WIDTH),
});

const parametersOf = (seed: number): Parameters =>
  new Map([
    [STATE.place, { data: normals('place', seed, K * STATE_WIDTH), dims: [K, STATE_WIDTH] }],
    [STATE.mix, { data: normals('mix', seed, STATE_WIDTH ** 2), dims: [STATE_WIDTH, STATE_WIDTH] }],
  ]);

/** The distribution over candidates at the place after those chosen, straight from the formula of `model.ts`. */
function distribution(
  { base, keys, values }: QueryItems,
  parameters: Parameters,
  before: readonly number[],
  temperature: number,
): number[] {
  const place = parameters.get(STATE.place)!.data;
  const mix = parameters.get(STATE.mix)!.data;
  const width = Array.from({ length: STATE_WIDTH }, (_, j) => j);
  const at = Math.min(before.length, K - 1);
  const x = width.map((j) =>
    Math.tanh(before.reduce((sum, c) => sum + values[c * STATE_WIDTH + j], place[at * STATE_WIDTH + j])),
  );
  const state = width.map((j) => width.reduce((sum, i) => sum + x[i] * mix[i * STATE_WIDTH + j], 0));
  const weights = Array.from(base, (own, c) =>
    before.includes(c)
      ? 0
      : Math.exp(
          (own + width.reduce((sum, j) => sum + state[j] * keys[c * STATE_WIDTH + j], 0)) / temperature,
        ),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  return weights.map((w) => w / total);
}

/** Expects the figures of every choice to be those of the formula, given the choices before it. */
function expectFigures(set: ChosenSet, items: QueryItems, parameters: Parameters, temperature: number) {
  const places = [...set.places];
  expect(new Set(places).size).toBe(places.length);
  places.forEach((item, t) => {
    const p = distribution(items, parameters, places.slice(0, t), temperature);
    expect(set.logProbs[t]).toBeCloseTo(Math.log(p[item]), 3);
    expect(set.entropies[t]).toBeCloseTo(
      p.reduce((sum, x) => (x > 0 ? sum - x * Math.log(x) : sum), 0),
      3,
    );
  });
}

describe('choose', () => {
  it('draws from the softmax of the formula, at any temperature and beyond the k-th place', () => {
    fc.assert(
      fc.property(
        fc.nat(1000),
        fc.constantFrom(0.5, 1, 3),
        fc.integer({ min: 1, max: 8 }),
        (seed, temperature, wanted) => {
          const [items, parameters] = [itemsOf(seed, 9), parametersOf(seed)];
          const random = new CounterRandom(seed, 'choices');
          const uniform = () => random.uniform();
          const set = choose(items, { k: K }, parameters, { temperature, uniform, wanted });
          expect(set.places).toHaveLength(wanted);
          expectFigures(set, items, parameters, temperature);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('takes the likeliest at temperature 0, with the figures of temperature 1', () => {
    for (let seed = 0; seed < 10; seed++) {
      const [items, parameters] = [itemsOf(seed, 9), parametersOf(seed)];
      const set = choose(items, { k: K }, parameters, {
        temperature: 0,
        uniform: () => {
          throw new Error('needs no chance');
        },
      });
      expect(set.places).toHaveLength(K);
      expectFigures(set, items, parameters, 1);
      set.places.forEach((item, t) => {
        const p = distribution(items, parameters, [...set.places.subarray(0, t)], 1);
        expect(p[item]).toBe(Math.max(...p));
      });
    }
  });

  it('maps the unit interval to candidates in their order, each as wide as its probability', () => {
    const [items, parameters] = [itemsOf(4, 5), parametersOf(4)];
    const p = distribution(items, parameters, [], 1);
    let start = 0;
    p.forEach((own, item) => {
      for (const u of [start + 1e-4 * own, start + 0.5 * own, start + (1 - 1e-4) * own]) {
        const { places } = choose(items, { k: K }, parameters, {
          temperature: 1,
          uniform: () => u,
          wanted: 1,
        });
        expect([...places]).toEqual([item]);
      }
      start += own;
    });
    const last = choose(items, { k: K }, parameters, {
      temperature: 1,
      uniform: () => 1 - 2 ** -53,
      wanted: 1,
    });
    expect([...last.places]).toEqual([4]);
  });

  it('takes all candidates where there are fewer than wanted', () => {
    const [items, parameters] = [itemsOf(1, 2), parametersOf(1)];
    const set = choose(items, { k: K }, parameters, { temperature: 1, uniform: () => 0.3 });
    expect([...set.places].sort()).toEqual([0, 1]);
    // The last has no other beside it.
    expect(set.logProbs[1]).toBeCloseTo(0, 12);
    expect(set.entropies[1]).toBeCloseTo(0, 12);
    const none = choose(itemsOf(1, 0), { k: K }, parameters, { temperature: 1, uniform: () => 0.3 });
    expect(none.places).toHaveLength(0);
  });
});
