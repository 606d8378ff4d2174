import type { SearchHits } from './vectorIndex.js';

/**
 * Merges the hits of consecutive directions in one block of rows into the hits of a whole catalog, in place.
 *
 * @param into hits so far, from the blocks before; its direction `start` belongs to the block's direction 0
 * @param block hits with rows counted from `firstRow`; a score of -Infinity is no hit
 */
export function mergeHits(into: SearchHits, start: number, block: SearchHits, firstRow: number): void {
  const { k } = into;
  const scores = new Float32Array(k);
  const indices = new Int32Array(k);
  for (let i = 0; i * block.k < block.scores.length; i++) {
    let old = (start + i) * k;
    let fresh = i * block.k;
    const freshEnd = fresh + block.k;
    for (let r = 0; r < k; r++) {
      // An equal score loses: this block's rows are larger than all before.
      if (fresh < freshEnd && block.scores[fresh] > into.scores[old]) {
        scores[r] = block.scores[fresh];
        indices[r] = firstRow + block.indices[fresh++];
      } else {
        scores[r] = into.scores[old];
        indices[r] = into.indices[old++];
      }
    }
    into.scores.set(scores, (start + i) * k);
    into.indices.set(indices, (start + i) * k);
  }
}
