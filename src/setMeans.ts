import { type Matrix, matrix, normalizeRows, row, type VectorTable } from './matrix.js';

/**
 * Mean vector of each set, of unit length: where its items lie.
 *
 * @param references rows of each set; an item counts once
 * @param vectors unit vectors of the catalog, [items, d]
 * @returns [sets, d]; zero for a set without items
 */
export function setMeans(references: readonly (readonly number[])[], vectors: VectorTable): Matrix {
  const means = matrix(references.length, vectors.cols);
  references.forEach((reference, i) => {
    const sum = row(means, i);
    for (const item of new Set(reference)) {
      const vector = row(vectors, item);
      for (let j = 0; j < sum.length; j++) sum[j] += vector[j];
    }
  });
  return normalizeRows(means);
}
