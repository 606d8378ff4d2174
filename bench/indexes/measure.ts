/** One index over one catalog, in a process of its own: `measure.ts <index> <vectors> <rows> <threads>`; prints a line of JSON. */
import { rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Matrix, matrix, normalizeRows, row, rowRange } from '../../src/matrix.js';
import { CounterRandom } from '../../src/random.js';
import { ExactIndex } from '../../src/vectorIndex/exactIndex.js';
import { clusteredRows, DIM } from '../growth/synthetic.js';

export interface Measured {
  readonly index: string;
  readonly vectors: string;
  readonly rows: number;
  /** Seconds. */
  readonly build: number;
  /** Memory of the process when the index is built, with the vectors that it was built from. */
  readonly megabytes: number;
  /** The narrowest first. */
  readonly searches: readonly { readonly width: number; readonly recall: number; readonly ms: number }[];
}

/** Directions of a search, hits of each, and searches that are compared. */
const [DIRECTIONS, K, SEARCHES] = [10, 10, 20];
/** What both libraries call ef: rows that a search of a graph keeps in sight. */
const WIDTHS = [10, 20, 40, 80, 160, 320, 640, 1280];
/** Links of a row and width while building: what hnswlib's documentation calls reasonable, and both defaults come near to. */
const [LINKS, BUILD_WIDTH] = [16, 200];
const ENOUGH = 0.99;

/** The rows found for each direction, best first, one direction after the other. */
type Search = (directions: Matrix) => Promise<ArrayLike<number>>;
/** Given the rows: gives searches of a width. */
type Build = (rows: Matrix, threads: number) => Promise<(width: number) => Promise<Search>>;

const load = createRequire(new URL('../package.json', import.meta.url));

/** As much of usearch as is used; what only `bench/package.json` has is no part of the type check. */
interface Usearch {
  readonly Index: new (
    settings: Readonly<Record<string, unknown>>,
  ) => {
    add(keys: BigUint64Array, vectors: Float32Array, threads: number): void;
    search(vectors: Float32Array, k: number, threads: number): { readonly keys: BigUint64Array };
    save(path: string): void;
    load(path: string): void;
  };
}

/** As much of hnswlib-node as is used. */
interface Hnswlib {
  readonly HierarchicalNSW: new (
    space: 'ip',
    dim: number,
  ) => {
    initIndex(rows: number, links: number, buildWidth: number): void;
    addPoint(point: number[], label: number): void;
    setEf(width: number): void;
    searchKnn(point: number[], k: number): { readonly neighbors: number[]; readonly distances: number[] };
  };
}

const INDEXES: Readonly<Record<string, Build>> = {
  async r4t(vectors, threads) {
    const index = await ExactIndex.create({ vectors, threads });
    return async () => async (directions) => (await index.search(directions, { k: K })).indices;
  },

  /** It keeps the vectors itself; the width of its searches is fixed when it is loaded. */
  async usearch(vectors, threads) {
    const { Index } = load('usearch') as Usearch;
    const withWidth = (width: number) =>
      new Index({
        dimensions: DIM,
        metric: 'ip',
        quantization: 'f32',
        connectivity: LINKS,
        expansion_add: BUILD_WIDTH,
        expansion_search: width,
        multi: false,
      });
    const built = withWidth(WIDTHS[0]);
    const keys = BigUint64Array.from({ length: vectors.rows }, (_, i) => BigInt(i));
    built.add(keys, vectors.data, threads);
    const file = join(tmpdir(), `r4t-usearch-${process.pid}`);
    built.save(file);
    return async (width) => {
      const index = withWidth(width);
      index.load(file);
      if (width === WIDTHS.at(-1)) rmSync(file);
      return async ({ data }) => Array.from(index.search(data, K, threads).keys, Number);
    };
  },

  /** It has one thread; rows and directions are arrays of numbers. */
  async hnswlib(vectors) {
    const { HierarchicalNSW } = load('hnswlib-node') as Hnswlib;
    const index = new HierarchicalNSW('ip', DIM);
    index.initIndex(vectors.rows, LINKS, BUILD_WIDTH);
    for (let i = 0; i < vectors.rows; i++) index.addPoint(Array.from(row(vectors, i)), i);
    return async (width) => {
      index.setEf(width);
      return async (directions) =>
        Array.from({ length: directions.rows }, (_, q) => index.searchKnn(Array.from(row(directions, q)), K))
          .flatMap(({ neighbors, distances }) =>
            // Farthest first in some versions.
            neighbors
              .map((item, i) => ({ item, distance: distances[i] }))
              .sort((a, b) => a.distance - b.distance),
          )
          .map(({ item }) => item);
    };
  },
};

const [name, kind, size, threads] = process.argv.slice(2);
const rows = Number(size);
const make = kind === 'random' ? randomRows : clusteredRows;
const catalog = make(rows, 'items');
const directions = make(DIRECTIONS * SEARCHES, 'directions');
const right = await nearest();
const started = performance.now();
const withWidth = await INDEXES[name](catalog, Number(threads));
const build = (performance.now() - started) / 1000;
const megabytes = process.memoryUsage().rss / 2 ** 20;
const searches: Measured['searches'][number][] = [];
for (const width of name === 'r4t' ? [K] : WIDTHS) {
  const found = await measure(await withWidth(width));
  searches.push({ width, ...found });
  if (found.recall >= ENOUGH) break;
}
console.log(
  JSON.stringify({ index: name, vectors: kind, rows, build, megabytes, searches } satisfies Measured),
);
process.exit();

/** By exact search, which is released before anything is measured. */
async function nearest(): Promise<Int32Array> {
  const index = await ExactIndex.create({ vectors: catalog, threads: Number(threads) });
  const { indices } = await index.search(directions, { k: K });
  await index.release();
  return indices;
}

/** Recall of all searches, and the median of their milliseconds. */
async function measure(search: Search): Promise<{ recall: number; ms: number }> {
  const times: number[] = [];
  let same = 0;
  // The first round warms up.
  for (let i = 0; i < 2 * SEARCHES; i++) {
    const first = DIRECTIONS * (i % SEARCHES);
    const asked = performance.now();
    const found = await search(rowRange(directions, first, first + DIRECTIONS));
    times.push(performance.now() - asked);
    for (let q = 0; q < DIRECTIONS; q++) {
      const at = (first + q) * K;
      const expected = new Set(right.subarray(at, at + K));
      for (let r = 0; r < K; r++) if (expected.has(found[q * K + r])) same++;
    }
  }
  const last = times.slice(SEARCHES).sort((a, b) => a - b);
  return { recall: same / (2 * SEARCHES * DIRECTIONS * K), ms: last[last.length >> 1] };
}

function randomRows(count: number, stream: string): Matrix {
  const out = matrix(count, DIM);
  new CounterRandom(2, 'approximate', stream).fillNormal(out.data);
  return normalizeRows(out);
}
