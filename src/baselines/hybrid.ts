interface Hits {
  items: Int32Array;
  scores: Float32Array;
}
export function weightedFusion(
  dense: Hits,
  lexical: Hits,
  { weight, k }: { weight: number; k: number },
): Int32Array {
  const scores = new Map<number, number>();
  const add = ({ items, scores: s }: Hits, w: number) => {
    const high = s[0] ?? 0;
    const low = s[Math.max(0, s.length - 1)] ?? 0;
    items.forEach((item, i) =>
      scores.set(item, (scores.get(item) ?? 0) + w * (high > low ? (s[i] - low) / (high - low) : 1)),
    );
  };
  add(dense, 1 - weight);
  add(lexical, weight);
  return Int32Array.from([...scores].sort(([a, x], [b, y]) => y - x || a - b).slice(0, k), ([item]) => item);
}
