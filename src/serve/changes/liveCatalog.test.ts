import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FilterTable } from '../../catalog/filter/filterTable.js';
import type { Item } from '../../catalog/item.js';
import { lazyArray } from '../../lazyArray.js';
import { Bm25 } from '../../lexical/bm25.js';
import { lexiconOf } from '../../lexical/lexicon.js';
import { dot, matrix, normalizeRows, row } from '../../matrix.js';
import { CounterRandom } from '../../random.js';
import { passingRows } from '../../retrieve/request.js';
import type { Workspace } from '../../run/workspace.js';
import { engineCatalog } from '../../vectorIndex/engines/documents.js';
import { EngineIndex } from '../../vectorIndex/engines/engineIndex.js';
import { memoryEngine } from '../../vectorIndex/engines/testing/memoryEngine.js';
import { ExactIndex } from '../../vectorIndex/exactIndex.js';
import { type AppliedChange, LiveCatalog } from './liveCatalog.js';
import { LiveIndex } from './liveIndex.js';

const DIM = 6;
const runtime = { threads: 1 };

const item = (id: string, text: string, price = 0): Item => ({ id, text, title: text, metadata: { price } });

/** The vector of a text: random, but always the same. */
function vectorOf(text: string): Float32Array {
  const m = matrix(1, DIM);
  new CounterRandom(1, text).fillNormal(m.data);
  return normalizeRows(m).data;
}

async function compiled(items: readonly Item[]): Promise<Workspace> {
  const vectors = matrix(items.length, DIM);
  items.forEach(({ text }, i) => {
    row(vectors, i).set(vectorOf(text));
  });
  const index = await ExactIndex.create({ vectors, ...runtime });
  return { items, vectors, index } as unknown as Workspace;
}

const change = (item: Item): AppliedChange => ({ item, vector: vectorOf(item.text) });

/** Ids by falling score, as a search of everything finds them. */
async function found(catalog: LiveCatalog, text: string): Promise<string[]> {
  const { index, items } = catalog.workspace;
  const { indices } = await index.search(matrix(1, DIM, vectorOf(text)), { k: items.length });
  return Array.from(
    indices.filter((i) => i >= 0),
    (i) => items[i].id,
  );
}

function expected(items: Iterable<Item>, text: string): string[] {
  const score = ({ text: own }: Item) => dot(vectorOf(own), vectorOf(text));
  return [...items].sort((a, b) => score(b) - score(a)).map(({ id }) => id);
}

/** As those of a catalog that does not fit in memory. */
const onDisk = (items: readonly Item[]) =>
  lazyArray({
    length: items.length,
    at: (i) => ({ ...items[i] }),
    all: () => items[Symbol.iterator](),
    source: () => items,
  });

const BASE = Array.from({ length: 12 }, (_, i) => item(`${i}`, `base ${i}`));

it.each([
  ['in memory', (items: readonly Item[]) => items],
  ['on disk', onDisk],
])('finds what a catalog compiled anew would find, after any changes, with items %s', async (_, placed) => {
  const id = fc.integer({ min: 0, max: 20 }).map(String);
  const step = fc.oneof(fc.record({ id, version: fc.nat(3), price: fc.nat(2) }), fc.record({ id }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(step, { maxLength: 8 }), { maxLength: 6 }), async (batches) => {
      const catalog = new LiveCatalog(await compiled(placed(BASE)), runtime);
      let lexicon = Bm25.of(catalog.workspace.items);
      const model = new Map(BASE.map((i) => [i.id, i]));
      const touched = new Set(batches.flat().map(({ id }) => id));
      for (const batch of batches) {
        const changes = batch.map((s): AppliedChange => {
          if (!('version' in s)) return { delete: s.id };
          return change(item(s.id, `${s.id} v${s.version}`, s.price));
        });
        for (const c of changes) {
          if ('item' in c) model.set(c.item.id, c.item);
          else model.delete(c.delete);
        }
        await catalog.apply(changes);
        expect(await found(catalog, 'query')).toEqual(expected(model.values(), 'query'));
        const { items } = catalog.workspace;
        lexicon = lexicon.with(items);
        expect(lexicon.scores('base 3')).toEqual(Bm25.of(items).scores('base 3'));
      }
      expect(catalog.size).toBe(model.size);
      for (const [id, now] of model) expect(catalog.item(id)).toEqual(now);
      const ids = catalog.livingRows().map((i) => catalog.workspace.items[i].id);
      expect(ids.sort()).toEqual([...model.keys()].sort());
      const { added, updated, deleted } = await catalog.drift();
      const compiledIds = new Set(BASE.map((i) => i.id));
      expect(added).toBe([...model.keys()].filter((i) => !compiledIds.has(i)).length);
      expect(deleted).toBe(BASE.filter((i) => !model.has(i.id)).length);
      expect(updated).toBe(BASE.filter((i) => model.has(i.id) && touched.has(i.id)).length);
    }),
    { numRuns: 40 },
  );
});

it('clears dead rows away and still finds everything', async () => {
  const catalog = new LiveCatalog(await compiled(BASE), runtime);
  for (let round = 0; round < 30; round++) {
    await catalog.apply(
      Array.from({ length: 50 }, (_, i) => change(item(`new ${i}`, `new ${i} of ${round}`))),
    );
  }
  expect(catalog.workspace.items.length).toBeLessThan(12 + 50 * 30);
  expect(catalog.size).toBe(62);
  const living = [...BASE, ...Array.from({ length: 50 }, (_, i) => item(`new ${i}`, `new ${i} of 29`))];
  expect(await found(catalog, 'query')).toEqual(expected(living, 'query'));
});

describe('drift', () => {
  it('does not count what only changes other fields than the text', async () => {
    const catalog = new LiveCatalog(await compiled(BASE), runtime);
    await catalog.apply(BASE.map(({ id, text }) => change(item(id, text, 9))));
    expect(await catalog.drift()).toMatchObject({ updated: 12, share: 0, distance: null, recompile: false });
    expect(catalog.item('3')?.metadata.price).toBe(9);
  });

  it('counts what came and went', async () => {
    const catalog = new LiveCatalog(await compiled(BASE), runtime);
    await catalog.apply([
      change(item('a', 'new')),
      { delete: '0' },
      change(item('1', 'other')),
      { delete: 'b' },
    ]);
    const drift = await catalog.drift();
    expect(drift).toMatchObject({ added: 1, updated: 1, deleted: 1, share: 3 / 12, recompile: true });
    expect(drift.distance).toBeGreaterThan(0);
    expect(drift.catalogDistance).toBeGreaterThan(0);
  });

  it('says when what is new is unlike the catalog', async () => {
    const flat = (i: number, axis: number): AppliedChange => {
      const vector = new Float32Array(DIM);
      vector[axis] = 1;
      vector[axis + 1] = i / 1000;
      return {
        item: item(`${axis}/${i}`, `${axis}/${i}`),
        vector: normalizeRows(matrix(1, DIM, vector)).data,
      };
    };
    const items = Array.from({ length: 200 }, (_, i) => flat(i, 0));
    const vectors = matrix(200, DIM);
    items.forEach((c, i) => {
      if ('item' in c) row(vectors, i).set(c.vector);
    });
    const index = await ExactIndex.create({ vectors, ...runtime });
    const base = { items: items.map((c) => ('item' in c ? c.item : undefined)), vectors, index };
    const catalog = new LiveCatalog(base as unknown as Workspace, runtime);
    await catalog.apply(
      Array.from({ length: 10 }, (_, i) => ({ ...flat(i, 0), item: item(`x${i}`, `x${i}`) })),
    );
    expect(await catalog.drift()).toMatchObject({ share: 0.05, recompile: false });
    await catalog.apply(Array.from({ length: 5 }, (_, i) => flat(i, 3)));
    expect(await catalog.drift()).toMatchObject({ share: 0.075, recompile: true });
  });
});

it('frees the compiled rows and the added ones', async () => {
  const index = new LiveIndex((await compiled(BASE)).index, runtime);
  await index.setAdded(matrix(1, DIM, vectorOf('added')));
  const search = () => index.search(matrix(1, DIM, vectorOf('added')), { k: 1 });
  expect([...(await search()).indices]).toEqual([BASE.length]);
  await index.release();
  await index.release();
  await expect(search()).rejects.toThrow();
});

it('finds by a filter what an engine holds otherwise', async () => {
  const items = Array.from({ length: 2500 }, (_, i) => item(`${i}`, `base ${i}`, i % 100));
  const base = await compiled(items);
  const engine = memoryEngine();
  const { numbers, documents } = engineCatalog(items, base.vectors, new FilterTable(items));
  await engine.create({ dim: DIM, numbers });
  await engine.upsert(documents(0, items.length, 'v1'));
  const index = await EngineIndex.open(engine, { items, vectors: base.vectors, version: 'v1' });
  const catalog = new LiveCatalog({ ...base, index }, runtime);
  // One becomes dear, one cheap, one goes and one comes.
  await catalog.apply([
    change(item('5', 'base 5', 99)),
    change(item('98', 'base 98', 1)),
    { delete: '6' },
    change(item('new', 'base new', 2)),
  ]);
  const { items: now, vectors, index: live } = catalog.workspace;
  const rows = { items: now, vectors, alive: catalog.alive, filters: new FilterTable(now) };
  // More pass than are looked at one by one.
  const mask = passingRows(rows, { filter: 'price<90' })!;
  for (const text of ['base 5', 'base 98', 'base 6', 'base new', 'base 7']) {
    const { indices } = await live.search(matrix(1, DIM, vectorOf(text)), { k: 20, mask });
    const right = expected(
      now.filter((_, i) => mask[i] === 1),
      text,
    );
    expect(Array.from(indices, (i) => now[i].id)).toEqual(right.slice(0, 20));
  }
});

it('finds by the words of an engine, and what it holds otherwise by those of the process', async () => {
  const items = Array.from({ length: 30 }, (_, i) => item(`${i}`, `tent ${'abcdefghij'[i % 10]}b ${i}`, i));
  const base = await compiled(items);
  const engine = memoryEngine();
  const { numbers, documents } = engineCatalog(items, base.vectors, new FilterTable(items));
  await engine.create({ dim: DIM, numbers, words: 'english' });
  await engine.upsert(documents(0, items.length, 'v1'));
  const index = await EngineIndex.open(engine, { items, vectors: base.vectors, version: 'v1', words: true });
  const catalog = new LiveCatalog({ ...base, index }, runtime);
  await catalog.apply([
    change(item('5', items[5].text, 99)),
    change(item('7', 'lamp hb', 7)),
    { delete: '6' },
    change(item('new', 'tent gb ib', 3)),
  ]);
  const { items: now, vectors, index: live } = catalog.workspace;
  const rows = { items: now, vectors, alive: catalog.alive, filters: new FilterTable(now) };
  const lexicon = lexiconOf(now);
  for (const filter of [undefined, 'price<50', 'price>50']) {
    const mask = filter === undefined ? undefined : passingRows(rows, { filter });
    const texts = ['tent gb', 'fb 5', 'hb lamp', 'ib'];
    const found = await live.searchWords!(texts, { k: 40, mask, lexicon });
    texts.forEach((text, i) => {
      const allowed = mask ?? catalog.alive;
      const right = lexicon().search(text, { k: 40, mask: allowed });
      expect([...found[i].items].sort()).toEqual([...right.items].sort());
    });
  }
  // The one that has both words, though the engine does not know it.
  const [{ items: best }] = await live.searchWords!(['gb ib'], { k: 1, lexicon });
  expect(now[best[0]].id).toBe('new');
  expect(new LiveIndex(base.index, runtime).searchWords).toBeUndefined();
});
