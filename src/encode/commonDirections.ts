import { dot, type Matrix, matrix, row } from '../matrix.js';

/** A mean that adds less than this to the directions before it is rounding. */
const LEAST_NORM = 1e-4;

/**
 * What all texts of a kind have in common: an orthonormal basis of the span of the groups' mean vectors, [at most groups, dim].
 * Sentence encoders put most of a vector's length there (with USE-lite the means have length 0.6 to 0.75), and queries and
 * items have different means, so a few items that look like a query in general ("hubs") are near every query. Searching
 * without these directions finds more (docs/design.md); it generalises removing the mean and the top component (Mu & Viswanath,
 * "All-but-the-top", ICLR 2018; Arora, Liang & Ma, ICLR 2017) to encoders whose two sides lie apart.
 *
 * @param groups unit rows [n, dim] of one kind each: the catalog's vectors, the queries'; empty groups are passed over
 */
export function commonDirections(groups: readonly Matrix[]): Matrix {
  const basis: Float64Array[] = [];
  for (const group of groups) {
    if (group.rows === 0) continue;
    const rest = meanRow(group);
    // Twice: Gram-Schmidt loses orthogonality where a mean is nearly a combination of those before.
    for (const direction of [...basis, ...basis]) {
      const along = dot(rest, direction);
      for (let j = 0; j < rest.length; j++) rest[j] -= along * direction[j];
    }
    const norm = Math.sqrt(dot(rest, rest));
    if (norm >= LEAST_NORM) basis.push(rest.map((x) => x / norm));
  }
  const out = matrix(basis.length, groups[0]?.cols ?? 0);
  basis.forEach((direction, i) => {
    row(out, i).set(direction);
  });
  return out;
}

function meanRow({ data, rows, cols }: Matrix): Float64Array {
  const mean = new Float64Array(cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) mean[j] += data[i * cols + j] / rows;
  return mean;
}
