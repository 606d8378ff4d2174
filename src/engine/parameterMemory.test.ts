import { describe, expect, it } from 'vitest';
import { compiled } from '../../scripts/kernels.js';
import { CounterRandom } from '../random.js';
import { adamScalars } from './optimizer.js';
import { ParameterMemory } from './parameterMemory.js';
import type { Parameters } from './parameters.js';
import { UPDATES } from './updatesModule.js';

/** Odd sizes, one larger than what is copied in at a time, and an empty one. */
const SHAPES: readonly (readonly number[])[] = [[3], [5, 7], [2 ** 16 + 5], [1, 0]];
const draw = (seed: number): Parameters =>
  new Map(
    SHAPES.map((dims, i) => {
      const data = new Float32Array(dims.reduce((n, d) => n * d, 1));
      new CounterRandom(seed, 'parameter', i).fillNormal(data);
      return [`p${i}`, { data, dims }];
    }),
  );
const names = SHAPES.map((_, i) => `p${i}`);
const of = (parameters: Parameters) => (name: string) => parameters.get(name)!.data;

it('is what the text of its loops says', async () => {
  expect(UPDATES).toBe(await compiled());
});

describe('parameters in training', () => {
  it('begin as given, with an average of the same and moments of zero', () => {
    const start = draw(1);
    const { groups } = new ParameterMemory(start, { ema: true });
    expect(groups.parameters).toEqual(start);
    expect(groups.ema).toEqual(start);
    for (const name of names) expect(groups['moments.M'].get(name)!.data.every((x) => x === 0)).toBe(true);
    expect(Object.keys(new ParameterMemory(start, { ema: false }).groups)).not.toContain('ema');
  });

  it('add up the gradients of parts by their shares, and know their norm', () => {
    const memory = new ParameterMemory(draw(1), { ema: false });
    const [a, b] = [draw(2), draw(3)];
    memory.addGradients(of(a), 7);
    memory.clearGradients();
    memory.addGradients(of(a), 0.25);
    memory.addGradients(of(b), 0.75);
    let squares = 0;
    for (const name of names)
      of(a)(name).forEach((x, i) => {
        squares += (0.25 * x + 0.75 * of(b)(name)[i]) ** 2;
      });
    expect(memory.gradientNorm() / Math.sqrt(squares)).toBeCloseTo(1, 6);
  });

  it('take steps of AdamW, and the average follows', () => {
    const start = draw(1);
    const memory = new ParameterMemory(start, { ema: true });
    const options = { beta1: 0.8, beta2: 0.9, epsilon: 1e-3, weightDecay: 0.1 };
    const expected = new Map(
      names.map((name) => [name, Array.from(of(start)(name), (p) => ({ p, m: 0, v: 0, average: p }))]),
    );
    for (let t = 1; t <= 3; t++) {
      const gradients = draw(10 + t);
      for (const [name, { data }] of memory.gradients) data.set(of(gradients)(name));
      memory.adamw({ scale: 0.5, ...adamScalars(t, 0.01, options) });
      memory.average(0.7);
      for (const [name, states] of expected) {
        const decay = start.get(name)!.dims.length >= 2 ? 0.1 : 0;
        states.forEach((state, i) => {
          const g = 0.5 * of(gradients)(name)[i];
          state.m = 0.8 * state.m + 0.2 * g;
          state.v = 0.9 * state.v + 0.1 * g * g;
          const [mHat, vHat] = [state.m / (1 - 0.8 ** t), state.v / (1 - 0.9 ** t)];
          state.p -= 0.01 * (mHat / (Math.sqrt(vHat) + 1e-3) + decay * state.p);
          state.average = 0.7 * state.average + 0.3 * state.p;
        });
      }
    }
    for (const [name, states] of expected)
      states.forEach((state, i) => {
        expect(Math.abs(of(memory.groups.parameters)(name)[i] - state.p)).toBeLessThan(1e-5);
        expect(Math.abs(of(memory.groups.ema)(name)[i] - state.average)).toBeLessThan(1e-5);
      });
  });

  it('do not fit above 4 GiB', () => {
    const data = { length: 300_000_000 } as Float32Array;
    expect(
      () => new ParameterMemory(new Map([['w', { data, dims: [300_000_000] }]]), { ema: false }),
    ).toThrow(/300000000 parameters in training take 4.5 GiB/);
  });
});
