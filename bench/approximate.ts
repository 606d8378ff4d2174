/**
 * Exact search beside graphs that find most of the nearest rows (HNSW), at equal recall:
 *
 *     npm --prefix bench ci
 *     npx jiti bench/approximate.ts     # --rows 100000,1000000 --vectors clustered,random --threads 2
 *
 * Ten directions at once, the ten best rows of each, unit vectors of 128 dimensions: around a thousand centres, as items lie around
 * their topics, and random ones, which have no structure that a graph could follow. A graph is asked with wider and wider searches until
 * it finds 99% of the rows; the milliseconds are those of the narrowest search with at least 90, 95 and 99%. Build time and memory are
 * of a process of its own, the vectors that it was built from included.
 */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { JITI } from '../src/cli/testing/program.js';
import { formatTable } from '../src/evaluate/table.js';
import type { Measured } from './indexes/measure.js';

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '100000' },
    vectors: { type: 'string', default: 'clustered,random' },
    indexes: { type: 'string', default: 'r4t,usearch,hnswlib' },
    threads: { type: 'string', default: `${availableParallelism()}` },
  },
});
if (!existsSync(fileURLToPath(new URL('node_modules/usearch', import.meta.url)))) {
  console.error('usearch and hnswlib-node are not installed: npm --prefix bench ci');
  process.exit(1);
}
const list = (values: string) => values.split(',');
const script = fileURLToPath(new URL('indexes/measure.ts', import.meta.url));

const measured: Measured[] = [];
for (const rows of list(options.rows))
  for (const vectors of list(options.vectors))
    for (const index of list(options.indexes)) {
      const args = [JITI, script, index, vectors, rows, options.threads];
      const out = execFileSync(process.execPath, args, {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      measured.push(JSON.parse(out.trim().split('\n').at(-1)!) as Measured);
      console.error(out.trim());
    }

const at = ({ searches }: Measured, recall: number) => {
  const enough = searches.find((search) => search.recall >= recall);
  return enough ? `${enough.ms.toPrecision(3)} (${enough.width})` : '';
};
console.log(`${options.threads} threads; milliseconds of ten directions (width of the search)`);
console.log(
  formatTable(
    measured,
    [
      { title: 'items', value: ({ rows }) => rows.toLocaleString('en-US') },
      { title: 'vectors', value: ({ vectors }) => vectors },
      { title: 'index', value: ({ index }) => index },
      { title: 'recall 0.9', value: (one) => at(one, 0.9) },
      { title: '0.95', value: (one) => at(one, 0.95) },
      { title: '0.99', value: (one) => at(one, 0.99) },
      {
        title: 'most',
        value: ({ searches }) => Math.max(...searches.map(({ recall }) => recall)).toFixed(3),
      },
      { title: 'build, s', value: ({ build }) => build.toPrecision(3) },
      { title: 'MB', value: ({ megabytes }) => megabytes.toFixed(0) },
    ],
    { style: 'markdown' },
  ),
);
