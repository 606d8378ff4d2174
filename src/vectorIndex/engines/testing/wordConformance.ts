/** What every engine with an index of words must do, with BM25 as the oracle. */
import { expect } from 'vitest';
import type { FilterTable } from '../../../catalog/filter/filterTable.js';
import type { Item } from '../../../catalog/item.js';
import { InputError } from '../../../errors.js';
import { Bm25 } from '../../../lexical/bm25.js';
import { type Matrix, rowRange } from '../../../matrix.js';
import type { EngineCatalog } from '../documents.js';
import { EngineIndex } from '../engineIndex.js';
import type { SearchEngine } from '../searchEngine.js';
import type { Conformance } from './conformance.js';
import { CONDITIONS, DIM, maskOf, RARE, WORD_QUERIES } from './world.js';

export interface WordConformanceOptions {
  readonly kind: string;
  readonly test: (name: string, work: (server: Conformance) => Promise<void>) => void;
  /** The engine that holds the items. */
  readonly held: () => { readonly engine: SearchEngine; readonly catalog: EngineCatalog };
  readonly items: readonly Item[];
  readonly vectors: Matrix;
  readonly table: FilterTable;
}

const K = 10;

export function wordConformance({ kind, test, held, items, vectors, table }: WordConformanceOptions): void {
  /** The index of a run that asks the engine for words too, and the BM25 that it stands for. */
  async function byWords() {
    const index = await EngineIndex.open(held().engine, { items, vectors, version: 'v1', words: true });
    const bm25 = Bm25.of(items);
    const search = async (
      texts: readonly string[],
      { k = K, mask }: { k?: number; mask?: Uint8Array } = {},
    ) =>
      (await index.searchWords!(texts, { k, mask, lexicon: () => bm25 })).map((ranking) => [
        ...ranking.items,
      ]);
    return { bm25, search };
  }

  test('finds items by their words', async ({ recallOfWords, stems = true }) => {
    if (recallOfWords === undefined) {
      expect(held().engine.searchWords).toBeUndefined();
      return;
    }
    const { bm25, search } = await byWords();
    const began = performance.now();
    const found = await search(WORD_QUERIES);
    const ms = performance.now() - began;
    const right = WORD_QUERIES.map((text) => [...bm25.search(text, { k: K }).items]);
    const shares = right.map((rows, i) => rows.filter((r) => found[i].includes(r)).length / rows.length);
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const firsts = right.filter((rows, i) => rows[0] === found[i][0]).length;
    console.info(
      `${kind}: of the ten best by BM25, ${mean.toFixed(3)} by its own words, the first the same for ${firsts} of ${right.length} queries; these at once in ${ms.toFixed(0)} ms`,
    );
    expect(mean).toBeGreaterThanOrEqual(recallOfWords);
    // Scores fall, whatever their scale.
    for (const hits of await held().engine.searchWords!(WORD_QUERIES, { k: 200 })) {
      const scores = hits.map(({ score }) => score);
      expect(hits.length).toBeGreaterThan(50);
      expect(scores).toEqual(scores.toSorted((a, b) => b - a));
      expect(scores.at(-1)).toBeGreaterThanOrEqual(0);
    }
    // A rare word counts for more than frequent ones, and unknown ones find nothing.
    expect(await search([`long text ${RARE.word}`, 'qqqq', '', '"\'\\:*) | & !('])).toEqual([
      expect.arrayContaining([RARE.item]),
      [],
      [],
      [],
    ]);
    expect(await search(['nul \0', 'half \ud800 a pair', '🏕 ＆ ½'])).toHaveLength(3);
    expect((await search([RARE.word, `${RARE.word.toUpperCase()} long`])).map(([first]) => first)).toEqual([
      RARE.item,
      RARE.item,
    ]);
    expect((await search(['long'], { k: 1500 }))[0]).toHaveLength(1500);
    expect(await search([`${RARE.word}s`])).toEqual([stems ? [RARE.item] : []]);
  });

  test('filters what it finds by words', async ({ recallOfWords }) => {
    if (recallOfWords === undefined) return;
    const { bm25, search } = await byWords();
    for (const condition of CONDITIONS) {
      const mask = maskOf(table, condition);
      const texts = WORD_QUERIES.slice(0, 4);
      const found = await search(texts, { mask });
      expect(found.flat().every((r) => mask[r] === 1)).toBe(true);
      // As many as there are.
      const counts = texts.map((text) => bm25.search(text, { k: K, mask }).items.length);
      expect(found.map((rows) => rows.length)).toEqual(counts);
    }
  });

  test('sees words that come and go', async ({ recallOfWords }) => {
    if (recallOfWords === undefined) return;
    const { engine, catalog } = held();
    const [first] = catalog.documents(0, 1, 'v2');
    const ask = async (text: string) => (await engine.searchWords!([text], { k: 2 }))[0].map(({ id }) => id);
    await engine.upsert([{ ...first, id: 'words ü', text: 'a zweiblatt' }]);
    expect(await ask('zweiblatt')).toEqual(['words ü']);
    await engine.upsert([{ ...first, id: 'words ü', text: 'a dreiblatt' }]);
    expect(await ask('zweiblatt')).toEqual([]);
    expect(await ask('dreiblatt')).toEqual(['words ü']);
    // What is not the run's is not found through its index.
    expect(await (await byWords()).search(['dreiblatt'])).toEqual([[]]);
    await engine.remove(['words ü']);
    expect(await ask('dreiblatt')).toEqual([]);
  });

  test('is given an index of words later, or says that it cannot be', async (given) => {
    const plain = await given.open('r4t_plain');
    await plain.drop();
    await plain.create({ dim: DIM, numbers: [] });
    await plain.upsert(held().catalog.documents(RARE.item, RARE.item + 1, 'v1'));
    const some = { items: [items[RARE.item]], vectors: rowRange(vectors, 0, 1), version: 'v1' };
    const refused =
      /^field "index.words": .* has no index of words; r4t push <run> --to \S+ --words makes one$/;
    if (!(await plain.info())!.words) {
      await expect(EngineIndex.open(plain, { ...some, words: true })).rejects.toThrow(refused);
      if (given.recallOfWords === undefined) return;
    }
    const added = await plain
      .create({ dim: DIM, numbers: [], words: 'german' })
      .catch((error: unknown) => error);
    if (added === undefined) {
      const hits = await plain.searchWords!([RARE.word], { k: 3 });
      expect(hits).toEqual([[{ id: items[RARE.item].id, score: expect.any(Number) }]]);
    } else {
      expect(added).toBeInstanceOf(InputError);
      expect(String(added)).toMatch(/name another collection/);
    }
    await plain.drop();
    await plain.close();
  });
}
