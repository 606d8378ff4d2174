import { dot, type Matrix, row } from '../matrix.js';
export function vote(
  queries: Matrix,
  { vectors, references }: { vectors: Matrix; references: readonly (readonly number[])[] },
  { neighbours }: { neighbours: number },
): Int32Array[] {
  return Array.from({ length: queries.rows }, (_, q) => {
    const sims = references
      .flatMap((set, i) => (set.length > 0 ? [[i, dot(row(queries, q), row(vectors, i))] as const] : []))
      .sort((a, b) => b[1] - a[1] || a[0] - b[0])
      .slice(0, neighbours);
    const votes = new Map<number, number>();
    for (const [i, s] of sims)
      for (const item of references[i]) votes.set(item, (votes.get(item) ?? 0) + Math.max(0, s));
    return Int32Array.from(
      [...votes].sort(([a, x], [b, y]) => y - x || a - b),
      ([item]) => item,
    );
  });
}
