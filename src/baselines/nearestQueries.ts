/** Training queries as a fan-out: those most like a query are its sub-queries. */
import { dot, type Matrix, row } from '../matrix.js';

/**
 * The training queries most like each query.
 *
 * @param queries unit rows [n, d]
 * @param memory embeddings of the training queries, unit rows [m, d]
 * @returns for each query min(k, m) rows of the memory, the most alike first
 */
export function nearestQueries(queries: Matrix, memory: Matrix, k: number): number[][] {
  return Array.from({ length: queries.rows }, (_, q) => {
    const x = row(queries, q);
    const similarity = Float64Array.from({ length: memory.rows }, (_, i) => dot(row(memory, i), x));
    return [...similarity.keys()].sort((a, b) => similarity[b] - similarity[a] || a - b).slice(0, k);
  });
}
