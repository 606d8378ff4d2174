/** One measurement in a process of its own, so that its memory is its own: `measure.ts <what> <items>`; prints a line of JSON. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compile } from '../../src/index.js';
import { type Matrix, row, rowRange } from '../../src/matrix.js';
import { lanceEngine } from '../../src/vectorIndex/engines/lancedb.js';
import { ExactIndex } from '../../src/vectorIndex/exactIndex.js';
import { clusteredRows, DIM, writeCatalog } from './synthetic.js';

/** Directions of a search, and hits of each. */
const [DIRECTIONS, K] = [10, 10];
/** Searches are timed for so long, and so many at least. */
const [SECONDS, LEAST] = [10, 30];
/** Searches whose hits are compared with those of exact search. */
const COMPARED = 20;

type Figures = Readonly<Record<string, number>>;

const MEASURED: Readonly<Record<string, (items: number) => Promise<Figures>>> = {
  exact: measureExact,
  lancedb: measureLance,
  compile: measureCompile,
};

async function measureExact(items: number): Promise<Figures> {
  const vectors = clusteredRows(items, 'items');
  const started = performance.now();
  const index = await ExactIndex.create({ vectors });
  const load = seconds(started);
  const found = await timed((directions) => index.search(directions, { k: K }));
  await index.release();
  return { load, ...found };
}

async function measureLance(items: number): Promise<Figures> {
  const vectors = clusteredRows(items, 'items');
  const folder = mkdtempSync(join(tmpdir(), 'r4t-growth-'));
  try {
    const engine = await lanceEngine({ path: folder, table: 'items' });
    const started = performance.now();
    await engine.create({ dim: DIM, numbers: [] });
    for (let at = 0; at < items; at += engine.batch) {
      const rows = Array.from({ length: Math.min(engine.batch, items - at) }, (_, i) => at + i);
      await engine.upsert(
        rows.map((i) => ({
          id: `${i}`,
          vector: row(vectors, i),
          title: '',
          text: '',
          terms: [],
          numbers: {},
          version: '1',
        })),
      );
    }
    await engine.optimize();
    const load = seconds(started);
    const found = await timed((directions) => engine.search(directions, { k: K }));
    const index = await ExactIndex.create({ vectors });
    const queries = clusteredRows(COMPARED * DIRECTIONS, 'compared');
    const [hits, right] = [await engine.search(queries, { k: K }), await index.search(queries, { k: K })];
    await index.release();
    let same = 0;
    hits.forEach((ids, q) => {
      const expected = new Set(Array.from(right.indices.subarray(q * K, (q + 1) * K), String));
      same += ids.filter((id) => expected.has(id)).length;
    });
    await engine.close();
    return { load, ...found, recall: same / (hits.length * K) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** With the settings of a first `compile`, queries made of the catalog's own words. */
async function measureCompile(items: number): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'r4t-growth-'));
  try {
    const catalog = join(folder, 'catalog.jsonl');
    await writeCatalog(catalog, items);
    const started = performance.now();
    const { seconds: stages } = await compile({ catalog, out: join(folder, 'run') });
    return { load: seconds(started), ...stages, memory: memory() };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Milliseconds of a search of ten directions: the median, and what one search in a hundred exceeds. */
async function timed(search: (directions: Matrix) => Promise<unknown>): Promise<Figures> {
  const queries = clusteredRows(DIRECTIONS * LEAST, 'queries');
  const times: number[] = [];
  const started = performance.now();
  for (let i = 0; i < LEAST || seconds(started) < SECONDS; i++) {
    const start = DIRECTIONS * (i % LEAST);
    const directions = rowRange(queries, start, start + DIRECTIONS);
    const asked = performance.now();
    await search(directions);
    // The first calls of a process are not what a service does all day.
    if (i >= 3) times.push(performance.now() - asked);
  }
  times.sort((a, b) => a - b);
  return { p50: times[times.length >> 1], p99: times[Math.floor(0.99 * times.length)], memory: memory() };
}

const seconds = (since: number): number => (performance.now() - since) / 1000;
/** Most memory that the process has held, in MB. */
const memory = (): number => process.resourceUsage().maxRSS / 1024;

const [what, items] = process.argv.slice(2);
console.log(JSON.stringify(await MEASURED[what](Number(items))));
