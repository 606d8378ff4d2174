/** Items in an order, with the scores that put them there. */
export interface Ranking {
  /** Rows, best first, each once. */
  readonly items: Int32Array;
  /** Falling, one an item. */
  readonly scores: Float32Array;
}

/**
 * The `k` rows of the highest score, best first, of equal ones the lower row; all of them where there are fewer. Keeps the best
 * so far in a heap whose root is the worst: O(n log k).
 *
 * @param rows each once
 * @param scores one a row of the catalog: row r has `scores[r]`
 */
export function bestOf(rows: ArrayLike<number>, scores: Float32Array, k: number): Ranking {
  const size = Math.max(0, Math.min(k, rows.length));
  const heap = new Int32Array(size);
  for (let i = 0; i < size; i++) heap[i] = rows[i];
  for (let i = (size >> 1) - 1; i >= 0; i--) sink(heap, i, size, scores);
  for (let i = size; i < rows.length && size > 0; i++) {
    if (!isWorse(scores, heap[0], rows[i])) continue;
    heap[0] = rows[i];
    sink(heap, 0, size, scores);
  }
  // The worst goes to the end, then the next worst before it.
  for (let end = size - 1; end > 0; end--) {
    const worst = heap[0];
    heap[0] = heap[end];
    heap[end] = worst;
    sink(heap, 0, end, scores);
  }
  const best = new Float32Array(size);
  for (let i = 0; i < size; i++) best[i] = scores[heap[i]];
  return { items: heap, scores: best };
}

/** Rows by their scores, best first, of equal ones the lower row. */
export function rankingOf(scores: ReadonlyMap<number, number>): Ranking {
  const sorted = [...scores].sort(([a, x], [b, y]) => y - x || a - b);
  return {
    items: Int32Array.from(sorted, ([row]) => row),
    scores: Float32Array.from(sorted, ([, score]) => score),
  };
}

/** No closure over the scores: searches spend a good part of their own time here. */
function isWorse(scores: Float32Array, a: number, b: number): boolean {
  return scores[a] < scores[b] || (scores[a] === scores[b] && a > b);
}

function sink(heap: Int32Array, from: number, size: number, scores: Float32Array): void {
  const value = heap[from];
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size && isWorse(scores, heap[child + 1], heap[child])) child++;
    if (!isWorse(scores, heap[child], value)) break;
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = value;
}
