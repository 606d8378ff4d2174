/**
 * What plain search finds of the labels that people gave (OpenMoji's tags, 144 held-out queries), by encoder and dimensions, with
 * its time a query in batches of eight:
 *
 *   npx jiti bench/tags.ts
 */
import { loadBuiltIn } from '../src/encode/builtIn.js';
import { formatTable } from '../src/evaluate/table.js';
import { tagData, tagMetrics, tagSpace } from './tagData.js';

const data = await tagData();
const rows: { name: string; d: number; p: number; s: number; ndcg: number; p2: number; ms: number }[] = [];
for (const name of ['use-lite', 'use-lite+glove'] as const) {
  const encoder = await loadBuiltIn(name);
  for (const d of [128, 192, 256, 384, 1024]) {
    const space = await tagSpace(data, encoder, d);
    const { precision: p, sRecall: s, alphaNdcg: ndcg } = await tagMetrics(data, space.search);
    const tags = { ...data, test: data.test.filter(({ query }) => !data.aspects.includes(query)) };
    const { precision: p2 } = await tagMetrics(tags, space.search);
    rows.push({ name, d: space.dim, p, s, ndcg, p2, ms: await millisecondsAQuery(space.search) });
  }
}
console.log(
  formatTable(rows, [
    { title: 'encoder', value: (r) => r.name },
    { title: 'dimensions', value: (r) => r.d, digits: 0 },
    { title: 'P@10', value: (r) => r.p },
    { title: 'S-recall@10', value: (r) => r.s },
    { title: 'alpha-nDCG@10', value: (r) => r.ndcg },
    { title: "P@10 without subgroups' names", value: (r) => r.p2 },
    { title: 'ms a query', value: (r) => r.ms, digits: 2 },
  ]),
);

/** Median over batches of eight queries. */
async function millisecondsAQuery(search: (queries: readonly string[]) => Promise<unknown>): Promise<number> {
  const queries = data.test.map(({ query }) => query);
  const times: number[] = [];
  for (let round = 0; round < 4; round++) {
    for (let start = 0; start + 8 <= queries.length; start += 8) {
      const began = performance.now();
      await search(queries.slice(start, start + 8));
      times.push((performance.now() - began) / 8);
    }
  }
  return times.sort((a, b) => a - b)[times.length >> 1];
}
