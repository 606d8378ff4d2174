/**
 * Times exact search: `npx jiti bench/index.ts [--threads 2] [--python <a Python with numpy, perhaps faiss-cpu>]`. Median of several runs
 * each, on random unit vectors of 128 dimensions: `r4t` as it is, `floats` with the whole catalog in one block, which are not searched by
 * codes first, and plain JavaScript (`loop`): one typed-array loop of multiply-adds over all rows and a sort of the rows
 * by score. The loop adds in float64, so rows whose scores almost tie may change places. Beside approximate search: `approximate.ts`.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Matrix, matrix, normalizeRows, row, rowRange } from '../src/matrix.js';
import { CounterRandom } from '../src/random.js';
import { ExactIndex } from '../src/vectorIndex/exactIndex.js';

const DIM = 128;
const { values: options } = parseArgs({
  options: { threads: { type: 'string', default: `${availableParallelism()}` }, python: { type: 'string' } },
});
const threads = Number(options.threads);

interface Case {
  readonly label: string;
  readonly rows: number;
  readonly directions: number;
  readonly k: number;
  /** Runs of each method (11); the loop gets at most 3. */
  readonly runs?: number;
  /** Directions of the loop, which is too slow for all of them; its time is scaled up. */
  readonly loopDirections?: number;
}

const cases: readonly Case[] = [
  { label: 'ten directions', rows: 142_472, directions: 10, k: 500, runs: 21 },
  { label: 'one query', rows: 142_472, directions: 1, k: 10, runs: 21 },
  ...[100_000, 300_000, 1_000_000].flatMap((rows) =>
    [10, 500].map((k): Case => ({ label: 'growth', rows, directions: 10, k, loopDirections: 2 })),
  ),
  ...[1, 10, 100, 600].map(
    (k): Case => ({ label: 'rollouts', rows: 15_000, directions: 2560, k, runs: 5, loopDirections: 20 }),
  ),
];

console.log(`exact search, ${DIM} dimensions, ${threads} threads; medians in ms`);
console.log('case              rows   directions    k      r4t   floats    loop   r4t vs loop');
for (const c of cases) await report(c);

async function report(c: Case): Promise<void> {
  const { rows, directions: n, k, runs = 11, loopDirections = n } = c;
  const catalog = unitRows(rows, 1);
  const directions = unitRows(n, 2);

  const begin = performance.now();
  const index = await ExactIndex.create({ vectors: catalog, threads });
  const loading = (performance.now() - begin) / 1000;
  const ours = await median(runs, () => index.search(directions, { k }));
  const hits = await index.search(directions, { k });
  await index.release();
  const whole = await ExactIndex.create({ vectors: catalog, threads, blockValues: rows * DIM });
  const floats = await median(runs, () => whole.search(directions, { k }));
  await whole.release();

  const few = rowRange(directions, 0, loopDirections);
  let loopHits: Int32Array = new Int32Array();
  const loop = await median(Math.min(runs, 3), async () => {
    loopHits = naive(catalog, few, k);
  });
  const agree = loopHits.filter((j, i) => j === hits.indices[i]).length / loopHits.length;

  const loopMs = (loop * n) / loopDirections;
  console.log(
    c.label.padEnd(15),
    String(rows).padStart(7),
    String(n).padStart(11),
    String(k).padStart(5),
    ours.toFixed(1).padStart(8),
    floats.toFixed(1).padStart(8),
    loopMs.toFixed(0).padStart(7),
    `${(loopMs / ours).toFixed(0)}x`.padStart(8),
    `(${(100 * agree).toFixed(2)}% the same rows; loaded in ${loading.toFixed(1)} s)`,
    ...others(c),
  );
}

/** The same by other libraries, each with its milliseconds. */
function others({ rows, directions, k, runs = 11, label }: Case): string[] {
  if (options.python === undefined || label !== 'growth') return [];
  const script = fileURLToPath(new URL('indexes/opponents.py', import.meta.url));
  const args = [script, ...[rows, directions, k, runs, threads].map(String)];
  const { stdout, stderr, status } = spawnSync(options.python, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return Object.entries(JSON.parse(stdout) as Record<string, number>).map(
    ([name, ms]) => `${name} ${ms.toFixed(1)}`,
  );
}

/** Per direction all scores, then all rows sorted by them; accumulates in float64. */
function naive(catalog: Matrix, directions: Matrix, k: number): Int32Array {
  const hits = new Int32Array(directions.rows * k);
  for (let i = 0; i < directions.rows; i++) {
    const direction = row(directions, i);
    const scores = new Float32Array(catalog.rows);
    for (let j = 0; j < catalog.rows; j++) {
      let score = 0;
      for (let c = 0; c < DIM; c++) score += direction[c] * catalog.data[j * DIM + c];
      scores[j] = score;
    }
    const order = Int32Array.from(scores.keys()).sort((a, b) => scores[b] - scores[a] || a - b);
    hits.set(order.subarray(0, k), i * k);
  }
  return hits;
}

async function median(runs: number, work: () => Promise<unknown>): Promise<number> {
  await work(); // warm-up
  const times: number[] = [];
  for (let i = 0; i < runs; i++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return times.sort((a, b) => a - b)[runs >> 1];
}

function unitRows(rows: number, seed: number): Matrix {
  const m = matrix(rows, DIM);
  new CounterRandom(seed, 'bench/index').fillNormal(m.data);
  return normalizeRows(m);
}
