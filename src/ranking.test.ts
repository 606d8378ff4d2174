import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bestOf } from './ranking.js';

it('bestOf is the head of a sort by score, then row', () => {
  const score = fc.integer({ min: -3, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(score, fc.boolean()), { maxLength: 40 }), fc.nat(45), (drawn, k) => {
      const scores = Float32Array.from(drawn, ([value]) => value);
      const rows = [...drawn.keys()].filter((i) => drawn[i][1]).reverse();
      const sorted = rows.toSorted((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
      expect(bestOf(rows, scores, k)).toEqual({
        items: Int32Array.from(sorted),
        scores: Float32Array.from(sorted, (i) => scores[i]),
      });
    }),
  );
});
