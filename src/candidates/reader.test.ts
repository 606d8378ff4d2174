import { describe, expect, it } from 'vitest';
import { partOfRead, randomRead } from '../diffusion/testing/models.js';
import { copyRead, gatherRead } from './reader.js';

describe('candidates that were read', () => {
  const from = randomRead({ queries: 4, size: 5, items: 9, dimension: 3 });

  it('are gathered by query', () => {
    expect(gatherRead(from, [2])).toEqual(partOfRead(from, 2, 3));
    expect(gatherRead(from, [0, 1, 2, 3])).toEqual(from);
    const twice = gatherRead(from, [3, 1, 3]);
    for (const [at, row] of [3, 1, 3].entries())
      expect(partOfRead(twice, at, at + 1)).toEqual(partOfRead(from, row, row + 1));
    expect(gatherRead(from, [])).toMatchObject({ size: 5, items: new Int32Array(), vectors: { rows: 0 } });
  });

  it('take the place of what others were read', () => {
    const to = randomRead({ queries: 3, size: 5, items: 9, dimension: 3, seed: 2 });
    const before = randomRead({ queries: 3, size: 5, items: 9, dimension: 3, seed: 2 });
    copyRead(from, 3, to, 1);
    for (const name of ['items', 'scores'] as const) {
      expect(partOfRead(to, 1, 2)[name]).toEqual(partOfRead(from, 3, 4)[name]);
      for (const q of [0, 2])
        expect(partOfRead(to, q, q + 1)[name]).toEqual(partOfRead(before, q, q + 1)[name]);
    }
  });
});
