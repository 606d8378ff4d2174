/** What every engine must do, with the exact index as the oracle. */
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Filter, FilterInput } from '../../../catalog/filter/filter.js';
import { describeMask } from '../../../catalog/filter/filterPlan.js';
import { FilterTable } from '../../../catalog/filter/filterTable.js';
import { InputError, R4tError } from '../../../errors.js';
import { matrix, row, rowRange } from '../../../matrix.js';
import { ExactIndex } from '../../exactIndex.js';
import { type EngineCatalog, engineCatalog } from '../documents.js';
import { EngineIndex } from '../engineIndex.js';
import type { EngineDocument, SearchEngine } from '../searchEngine.js';
import { wordConformance } from './wordConformance.js';
import { CONDITIONS, clusters, DIM, ITEMS, maskOf, world } from './world.js';

export interface Conformance {
  /** The engine with its client, over a collection that need not exist. */
  open(collection: string): Promise<SearchEngine>;
  /** Least share of the exact neighbours that is found: 1 where the engine looks at every row. */
  readonly recall: number;
  /** The same of 12,000 items, of which engines that are told to build an approximate index have one (not tried). */
  readonly recallOfMany?: number;
  /** Least share of the best by BM25 that the engine finds by its own words; absent: it has none. */
  readonly recallOfWords?: number;
  /** Whether its words are known by their endings (true). */
  readonly stems?: boolean;
  /** Stops the server, where there is one. */
  readonly stop?: () => Promise<void>;
}

const K = 10;

export function conformance(kind: string, start: () => Promise<Conformance | string>): void {
  describe(kind, () => {
    const { items, vectors, directions } = world();
    const table = new FilterTable(items);
    let catalog: EngineCatalog;
    let exact: ExactIndex;
    let engine: SearchEngine;
    let server: Conformance | undefined;
    let missing: string | undefined;
    const seconds: number[] = [];

    beforeAll(async () => {
      const started = await start();
      if (typeof started === 'string') {
        missing = started;
        return;
      }
      server = started;
      exact = await ExactIndex.create({ vectors });
      catalog = engineCatalog(items, vectors, table);
      engine = await server.open('r4t_conformance');
      await engine.drop();
      const words = server.recallOfWords === undefined ? undefined : 'english';
      await engine.create({ dim: DIM, numbers: catalog.numbers, words });
      for (let at = 0; at < ITEMS; at += 500) await engine.upsert(catalog.documents(at, at + 500, 'v1'));
      await engine.optimize();
    }, 240_000);
    afterAll(async () => {
      await engine?.close();
      await exact?.release();
      await server?.stop?.();
    });

    const test = (name: string, work: (server: Conformance) => Promise<void>) =>
      it(name, async ({ skip }) => {
        if (!server) skip(missing ?? 'did not start');
        else await work(server);
      });

    /** Ids of the exact neighbours, and of those that the engine finds: of both only what passes. */
    async function both(filter?: FilterInput, { k = K } = {}) {
      const mask = filter === undefined ? undefined : maskOf(table, filter);
      const hits = await exact.search(directions, { k, mask });
      const began = performance.now();
      const plan = filter === undefined ? undefined : table.plan(filter);
      // Where the plan leaves something to the mask, the engine is asked for all.
      const depth = plan && JSON.stringify(plan).includes('"unknown"') ? ITEMS : k;
      const lists = await engine.search(directions, { k: depth, filter: plan });
      if (depth === k) seconds.push((performance.now() - began) / 1000);
      const rowOf = new Map(items.map(({ id }, i) => [id, i]));
      const passing = (id: string) => !mask || mask[rowOf.get(id)!] === 1;
      if (depth === k) expect(lists.flat().filter((id) => !passing(id))).toEqual([]);
      return lists.map((list, i) => ({
        found: list.filter(passing).slice(0, k),
        right: Array.from(hits.indices.subarray(i * k, (i + 1) * k))
          .filter((r) => r >= 0)
          .map((r) => items[r].id),
      }));
    }

    async function expectNeighbours(filter?: FilterInput) {
      const pairs = await both(filter);
      const { recall } = server!;
      const right = pairs.reduce((sum, pair) => sum + pair.right.length, 0);
      const found = pairs.reduce(
        (sum, pair) => sum + pair.right.filter((id) => pair.found.includes(id)).length,
        0,
      );
      expect(found / Math.max(1, right)).toBeGreaterThanOrEqual(right === 0 ? 0 : recall);
      if (recall === 1) expect(pairs.map((pair) => pair.found)).toEqual(pairs.map((pair) => pair.right));
    }

    test('says what it holds', async ({ recallOfWords }) => {
      const words = recallOfWords === undefined ? undefined : true;
      expect(await engine.info()).toEqual({ dim: DIM, documents: ITEMS, words });
      expect(await engine.info('v1')).toEqual({ dim: DIM, documents: ITEMS, words });
      expect(await engine.info('v0')).toEqual({ dim: DIM, documents: 0, words });
      await expect(EngineIndex.open(engine, { items, vectors, version: 'v0' })).rejects.toThrow(
        /holds 0 of the run's 3000 items as they are now; r4t push <run> --to \S+ brings the others$/,
      );
    });

    test('finds the neighbours of many directions at once', async () => {
      await expectNeighbours();
      expect((await engine.search(directions, { k: 1500 })).map((list) => list.length)).toEqual(
        Array(8).fill(1500),
      );
    });

    test('filters by every operator', async () => {
      for (const condition of CONDITIONS) {
        await expectNeighbours(condition);
        await expectNeighbours({ not: condition });
      }
    });

    test('filters by whatever these are joined to', async () => {
      const { filter } = fc.letrec<{ filter: FilterInput }>((tie) => ({
        filter: fc.oneof(
          { maxDepth: 3 },
          fc.constantFrom(...CONDITIONS),
          fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((and): Filter => ({ and })),
          fc.array(tie('filter'), { minLength: 1, maxLength: 3 }).map((or): Filter => ({ or })),
          tie('filter').map((not): Filter => ({ not })),
        ),
      }));
      await fc.assert(
        fc.asyncProperty(filter as fc.Arbitrary<FilterInput>, (each) => expectNeighbours(each)),
        { numRuns: 40, seed: 7 },
      );
    });

    test('searches as the index of a run, with masks of any rows', async ({ recall }) => {
      const index = await EngineIndex.open(engine, { items, vectors, version: 'v1' });
      const even = Uint8Array.from({ length: ITEMS }, (_, i) => Number(i % 10 !== 3));
      const masks = [undefined, even, maskOf(table, 'color IS NOT MISSING'), maskOf(table, 'color=red')];
      masks.push(
        describeMask(
          masks[2]!.map((byte, i) => byte & even[i]),
          () => table.plan('color IS NOT MISSING'),
        ),
      );
      for (const mask of masks) {
        const right = await exact.search(directions, { k: K, mask });
        const found = await index.search(directions, { k: K, mask });
        expect(Array.from(found.indices).every((r) => r < 0 || mask?.[r] !== 0)).toBe(true);
        if (recall === 1) expect(found.indices).toEqual(right.indices);
        found.scores.forEach((score, i) => {
          if (found.indices[i] === right.indices[i]) expect(score).toBeCloseTo(right.scores[i], 5);
        });
      }
    });

    wordConformance({ kind, test, held: () => ({ engine, catalog }), items, vectors, table });

    test('sees items that are replaced, added and removed', async () => {
      const [first] = catalog.documents(0, 1, 'v2');
      const far = { ...first, id: 'added ü', vector: row(directions, 0), terms: ['color', 'color=red'] };
      const nearest = async () => (await engine.search(rowRange(directions, 0, 1), { k: 1 }))[0][0];
      const before = await nearest();
      await engine.upsert([far]);
      await engine.upsert([far]);
      expect(await nearest()).toBe('added ü');
      expect((await engine.info())!.documents).toBe(ITEMS + 1);
      const red = { op: 'any', terms: ['color=red'] } as const;
      const blue = { op: 'any', terms: ['color=dark blue'] } as const;
      const ask = async (filter: typeof red | typeof blue) =>
        (await engine.search(rowRange(directions, 0, 1), { k: 1, filter }))[0][0];
      expect(await ask(red)).toBe('added ü');
      await engine.upsert([{ ...far, terms: ['color', 'color=dark blue'] }]);
      expect(await ask(red)).not.toBe('added ü');
      expect(await ask(blue)).toBe('added ü');
      // What is not the run's is not found through its index.
      const index = await EngineIndex.open(engine, { items, vectors, version: 'v1' });
      const { indices } = await index.search(rowRange(directions, 0, 1), { k: 1 });
      expect(Array.from(indices).every((r) => r < 0 || items[r].id === before)).toBe(true);
      await engine.removeOthers('v1');
      expect(await nearest()).toBe(before);
      await engine.upsert([far]);
      await engine.remove(['added ü', 'never there']);
      expect(await nearest()).toBe(before);
      expect((await engine.info())!.documents).toBe(ITEMS);
    });

    test('refuses vectors of another length in one line', async (given) => {
      const other = matrix(ITEMS, 4, new Float32Array(ITEMS * 4));
      const opened = EngineIndex.open(engine, { items, vectors: other, version: 'v1' });
      await expect(opened).rejects.toThrow(InputError);
      await expect(opened).rejects.toThrow(/holds vectors of length 16, got 4; [^\n]+$/);
      const [first] = catalog.documents(0, 1, 'v1');
      const wrong: unknown = await engine
        .upsert([{ ...first, vector: new Float32Array(4) }])
        .catch((error) => error);
      expect(wrong).toBeInstanceOf(R4tError);
      expect((wrong as Error).message).not.toContain('\n');
      const empty = await given.open('r4t_none');
      await empty.drop();
      await expect(EngineIndex.open(empty, { items, vectors, version: 'v1' })).rejects.toThrow(
        /^field "index": there is no .*r4t push/,
      );
      await empty.close();
    });

    test('finds most of the neighbours among many items', async ({ open, recallOfMany }) => {
      if (recallOfMany === undefined) return;
      const many = clusters(12_000);
      const all = await open('r4t_many');
      await all.drop();
      await all.create({ dim: many.cols, numbers: [] });
      const began = performance.now();
      for (let at = 0; at < many.rows; at += 1000) {
        const part = rowRange(many, at, at + 1000);
        await all.upsert(
          Array.from({ length: part.rows }, (_, i) => plainDocument(`${at + i}`, row(part, i))),
        );
      }
      await all.optimize();
      const built = performance.now();
      const near = rowRange(clusters(12_064), 12_000, 12_064);
      const oracle = await ExactIndex.create({ vectors: many });
      const right = await oracle.search(near, { k: K });
      await oracle.release();
      const times: number[] = [];
      let found = 0;
      for (let i = 0; i < near.rows; i += 8) {
        const start = performance.now();
        const lists = await all.search(rowRange(near, i, i + 8), { k: K });
        times.push(performance.now() - start);
        lists.forEach((ids, j) => {
          const rows = new Set(right.indices.subarray((i + j) * K, (i + j + 1) * K));
          found += ids.filter((id) => rows.has(Number(id))).length;
        });
      }
      times.sort((a, b) => a - b);
      const recall = found / (near.rows * K);
      console.info(
        `${kind}: 12,000 items of length 64 in ${((built - began) / 1000).toFixed(1)} s; recall@${K} ${recall.toFixed(3)}; 8 directions in ${times[times.length >> 1].toFixed(1)} ms`,
      );
      expect(recall).toBeGreaterThanOrEqual(recallOfMany);
      await all.drop();
      await all.close();
    });

    test('finds the share of the neighbours that it promises', async ({ recall }) => {
      const pairs = await both();
      const ms = seconds.map((s) => 1000 * s).sort((a, b) => a - b);
      const hit = pairs.map(
        ({ found, right }) => right.filter((id) => found.includes(id)).length / right.length,
      );
      const mean = hit.reduce((sum, share) => sum + share, 0) / hit.length;
      console.info(
        `${kind}: recall@${K} ${mean.toFixed(3)}; 8 directions in ${ms[ms.length >> 1].toFixed(1)} ms (median of ${ms.length} searches, ${ITEMS} items)`,
      );
      expect(mean).toBeGreaterThanOrEqual(recall);
    });

    test('says in one line that the server is gone', async (given) => {
      if (!given.stop) return;
      await given.stop();
      const error: unknown = await engine.search(directions, { k: 1 }).catch((reason) => reason);
      expect(error).toMatchObject({ name: 'IndexError' });
      expect((error as Error).message).toContain(engine.name);
      expect((error as Error).message).not.toContain('\n');
    });
  });
}

const plainDocument = (id: string, vector: Float32Array): EngineDocument => ({
  id,
  vector,
  title: id,
  text: id,
  terms: [],
  numbers: {},
  version: 'v1',
});
