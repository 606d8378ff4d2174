import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blindOrder } from './blindOrder.js';

it('is the same again, whatever the case of the query, and loses nothing', () => {
  fc.assert(
    fc.property(fc.nat(), fc.string(), (seed, query) => {
      const order = blindOrder(['plain', 'diffusion'], seed, query);
      expect([...order].sort()).toEqual(['diffusion', 'plain']);
      expect(blindOrder(['plain', 'diffusion'], seed, ` ${query} `)).toEqual(order);
    }),
  );
});

it('shows each as often on the left, and other queries with another seed', () => {
  const left = (seed: number) =>
    Array.from({ length: 1000 }, (_, i) => blindOrder(['plain', 'diffusion'], seed, `query ${i}`)[0]);
  // 1,000 fair draws: ten standard deviations are 158.
  for (const seed of [0, 1]) {
    const count = left(seed).filter((method) => method === 'plain').length;
    expect(Math.abs(count - 500)).toBeLessThan(158);
  }
  expect(left(0)).not.toEqual(left(1));
});
