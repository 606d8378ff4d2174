import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeHits } from './mergeHits.js';
import type { SearchHits } from './vectorIndex.js';

/** The k best of `scores`, equal ones in the order of rows; -1 where there are fewer. */
function best(scores: readonly number[], k: number): SearchHits {
  const rows = [...scores.keys()].sort((a, b) => scores[b] - scores[a] || a - b).slice(0, k);
  const padded = Array.from({ length: k }, (_, r) => rows[r] ?? -1);
  return {
    indices: Int32Array.from(padded),
    scores: Float32Array.from(padded, (i) => scores[i] ?? Number.NEGATIVE_INFINITY),
    k,
  };
}

it('merging block after block gives the best of all rows', () => {
  const block = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1, maxLength: 9 });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 5 }), fc.integer({ min: 1, max: 12 }), (blocks, k) => {
      const hits = best([], k);
      let firstRow = 0;
      for (const scores of blocks) {
        mergeHits(hits, 0, best(scores, Math.min(k, scores.length)), firstRow);
        firstRow += scores.length;
      }
      expect(hits).toEqual(best(blocks.flat(), k));
    }),
  );
});

it('writes the directions it is told to', () => {
  const none = best([], 2);
  const hits: SearchHits = {
    indices: Int32Array.from([...none.indices, ...none.indices, ...none.indices]),
    scores: Float32Array.from([...none.scores, ...none.scores, ...none.scores]),
    k: 2,
  };
  mergeHits(hits, 1, { indices: Int32Array.of(0, 3), scores: Float32Array.of(0.5, 0.25), k: 1 }, 10);
  expect([...hits.indices]).toEqual([-1, -1, 10, -1, 13, -1]);
});
