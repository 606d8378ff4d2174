import type { Item } from '../catalog/item.js';
export function groupsOf(items: readonly Item[], field = 'category'): { of: Int32Array } {
  const ids = new Map<string, number>();
  return {
    of: Int32Array.from(items, (item) => {
      const value = field === 'category' ? item.category : item.metadata[field];
      if (value === undefined || value === null) return -1;
      const key = JSON.stringify(value);
      const id = ids.get(key) ?? ids.size;
      ids.set(key, id);
      return id;
    }),
  };
}
export function capGroups(ranking: Int32Array, { of, most }: { of: Int32Array; most: number }): Int32Array {
  const counts = new Map<number, number>();
  const late: number[] = [];
  const first: number[] = [];
  for (const item of ranking) {
    const n = counts.get(of[item]) ?? 0;
    if (of[item] >= 0 && n >= most) late.push(item);
    else {
      first.push(item);
      counts.set(of[item], n + 1);
    }
  }
  return Int32Array.from([...first, ...late]);
}
