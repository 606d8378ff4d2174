import { dot, type Matrix, row } from '../matrix.js';
import { bestOf } from '../ranking.js';
import { passing } from '../retrieve/rankings.js';
import type { SearchHits, SearchOptions, VectorIndex } from '../vectorIndex/vectorIndex.js';

/** Exact search in plain JavaScript: some 3 ms for ten directions over 2,000 items of 128 dimensions. */
export class FlatIndex implements VectorIndex {
  constructor(private readonly vectors: Matrix) {}

  get size(): number {
    return this.vectors.rows;
  }

  get dim(): number {
    return this.vectors.cols;
  }

  async search(directions: Matrix, { k, mask }: SearchOptions): Promise<SearchHits> {
    const indices = new Int32Array(directions.rows * k).fill(-1);
    const scores = new Float32Array(directions.rows * k).fill(Number.NEGATIVE_INFINITY);
    const rows = passing(
      Int32Array.from({ length: this.size }, (_, item) => item),
      mask,
    );
    const cosines = new Float32Array(this.size);
    for (let i = 0; i < directions.rows; i++) {
      const direction = row(directions, i);
      for (const item of rows) cosines[item] = dot(direction, row(this.vectors, item));
      const best = bestOf(rows, cosines, k);
      indices.set(best.items, i * k);
      scores.set(best.scores, i * k);
    }
    return { indices, scores, k };
  }
}
