import { expect, it } from 'vitest';
import { FilterTable } from '../../catalog/filter/filterTable.js';
import { ExactIndex } from '../exactIndex.js';
import { engineCatalog } from './documents.js';
import { EngineIndex } from './engineIndex.js';
import type { SearchEngine } from './searchEngine.js';
import { conformance } from './testing/conformance.js';
import { type MemoryEngine, memoryEngine } from './testing/memoryEngine.js';
import { world } from './testing/world.js';

// What every engine is held to, of one that is in memory: plans, their compilation and the index over an engine are right.
const engines = new Map<string, MemoryEngine>();

conformance('an engine in memory', async () => ({
  recall: 1,
  recallOfWords: 1,
  open: async (collection) => {
    const engine = engines.get(collection) ?? memoryEngine();
    engines.set(collection, engine);
    return engine;
  },
  stop: async () => {
    for (const engine of engines.values()) engine.refuse(true);
  },
}));

it('finds all there are where an approximate index gives up', async () => {
  const { items, vectors, directions } = world();
  const engine = memoryEngine();
  const table = new FilterTable(items);
  await engine.create({ dim: vectors.cols, numbers: [] });
  await engine.upsert(engineCatalog(items, vectors, table).documents(0, items.length, 'v1'));
  const lazy: SearchEngine = {
    ...engine,
    search: async (all, options) => (await engine.search(all, options)).map((ids) => ids.slice(0, 3)),
  };
  const index = await EngineIndex.open(lazy, { items, vectors, version: 'v1' });
  const exact = await ExactIndex.create({ vectors });
  for (const mask of [undefined, table.mask('color IS NOT MISSING')]) {
    const found = await index.search(directions, { k: 10, mask });
    expect(found.indices).toEqual((await exact.search(directions, { k: 10, mask })).indices);
  }
  await exact.release();
});
