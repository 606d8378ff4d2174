import { dot, type Matrix, matrix, normalizeRows, row } from '../../matrix.js';
import { CounterRandom } from '../../random.js';

/** A random query and random unit candidates with their cosines, best first. */
export function randomCandidates({ n, d, seed }: { n: number; d: number; seed: number }): {
  query: Float32Array;
  candidates: Matrix;
  relevance: Float64Array;
} {
  const random = new CounterRandom(seed, 'candidates');
  const query = row(normalizeRows(matrix(1, d, random.fillNormal(new Float32Array(d)))), 0);
  const rows = normalizeRows(matrix(n, d, random.fillNormal(new Float32Array(n * d))));
  const sorted = Array.from({ length: n }, (_, i) => row(rows, i)).sort(
    (a, b) => dot(b, query) - dot(a, query),
  );
  const candidates = matrix(n, d);
  sorted.forEach((vector, i) => {
    row(candidates, i).set(vector);
  });
  return { query, candidates, relevance: Float64Array.from(sorted, (vector) => dot(vector, query)) };
}
