import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CounterRandom } from '../../random.js';
import { drawToken, likeliest } from './draw.js';

const distribution = fc
  .array(fc.double({ min: 0.001, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 })
  .map((weights) => {
    const total = weights.reduce((a, b) => a + b);
    return Float32Array.from(weights, (w) => w / total);
  });

describe('drawToken', () => {
  it('draws each token as often as it is probable', () => {
    const probabilities = Float32Array.of(0.1, 0, 0.6, 0.3);
    const random = new CounterRandom(1, 'draw');
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[drawToken(probabilities, random.uniform())]++;
    // Four standard deviations of a share from 20,000 draws are at most .014.
    for (const token of [0, 2, 3])
      expect(Math.abs(counts[token] / 20_000 - probabilities[token])).toBeLessThan(0.014);
    expect(counts[1]).toBe(0);
  });

  it('draws from the smallest set of the wanted probability, in the old proportions', () => {
    const probabilities = Float32Array.of(0.05, 0.5, 0.2, 0.25);
    const random = new CounterRandom(2, 'draw');
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) counts[drawToken(probabilities, random.uniform(), 0.7)]++;
    expect(counts[0] + counts[2]).toBe(0);
    expect(Math.abs(counts[1] / 20_000 - 2 / 3)).toBeLessThan(0.014);
  });

  it('is in the nucleus for all distributions, and the likeliest token where the nucleus is one', () => {
    fc.assert(
      fc.property(
        distribution,
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (p, uniform, topP) => {
          const token = drawToken(p, uniform, topP);
          const likelier = p.filter((x) => x > p[token]).reduce((a, b) => a + b, 0);
          expect(likelier).toBeLessThan(topP + 1e-6);
          expect(drawToken(p, uniform, 1e-9)).toBe(likeliest(p));
        },
      ),
    );
  });
});
