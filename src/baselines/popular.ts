export function popular(references: readonly (readonly number[])[]): Int32Array {
  const counts = new Map<number, number>();
  for (const set of references)
    for (const item of new Set(set)) counts.set(item, (counts.get(item) ?? 0) + 1);
  return Int32Array.from(
    [...counts].sort(([a, x], [b, y]) => y - x || a - b),
    ([item]) => item,
  );
}
