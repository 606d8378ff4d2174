import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import {
  documentFrequencies,
  keywordSubQueries,
  kMeansDirections,
  neighbourQueries,
  sphericalKMeans,
} from './opponents.js';

const unitRows = (rows: number, d: number, seed: number): Matrix =>
  normalizeRows(matrix(rows, d, new CounterRandom(seed, 'test').fillNormal(new Float32Array(rows * d))));

describe('keywordSubQueries', () => {
  const catalog = documentFrequencies(['block heel', 'block print', 'pleated skirt', 'dolce bag', 'a skirt']);

  it('takes every content word and pair, pairs first', () => {
    expect(keywordSubQueries('a block of the pleated dolce', 10, catalog)).toEqual([
      'block pleated',
      'block dolce',
      'pleated dolce',
      'block',
      'pleated',
      'dolce',
    ]);
  });

  it('keeps the pairs that are rarest in the catalog', () => {
    expect(keywordSubQueries('unheard block pleated dolce', 2, catalog)).toEqual([
      'block pleated',
      'pleated dolce',
    ]);
    expect(keywordSubQueries('dolce pleated skirt block', 1, catalog)).toEqual(['dolce pleated']);
  });

  it('takes at most k, each once, of the words of the query only', () => {
    const word = fc.constantFrom<string>('block', 'pleated', 'dolce', 'bag', 'skirt', 'the', 'unheard', 'of');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), fc.integer({ min: 1, max: 12 }), (words, k) => {
        const query = words.join(' ');
        const found = keywordSubQueries(query, k, catalog);
        const n = new Set(words.filter((w) => w !== 'the' && w !== 'of')).size;
        if (n === 0) expect(found).toEqual([query]);
        else expect(found).toHaveLength(Math.min(k, n + (n * (n - 1)) / 2));
        expect(new Set(found).size).toBe(found.length);
        expect(found.flatMap((s) => s.split(' ')).every((w) => words.includes(w) || n === 0)).toBe(true);
      }),
    );
  });

  it('falls back to the query', () => {
    expect(keywordSubQueries('the of', 10, catalog)).toEqual(['the of']);
  });
});

describe('sphericalKMeans', () => {
  it('finds clusters that are far apart', () => {
    const centres = unitRows(3, 8, 1);
    const rows = matrix(30, 8);
    const random = new CounterRandom(2, 'test');
    for (let i = 0; i < 30; i++)
      for (let j = 0; j < 8; j++) row(rows, i)[j] = row(centres, i % 3)[j] + 0.02 * random.normal();
    normalizeRows(rows);
    // Rows drawn far apart start in different clusters, whatever the seed.
    for (let seed = 0; seed < 20; seed++) {
      const found = sphericalKMeans(rows, 3, new CounterRandom(seed, 'start'));
      for (let c = 0; c < 3; c++) {
        const cosines = [0, 1, 2].map((f) => dot(row(centres, c), row(found, f)));
        expect(Math.max(...cosines)).toBeGreaterThan(0.99);
      }
    }
  });

  it('makes unit rows even where there are fewer rows than clusters', () => {
    const found = sphericalKMeans(unitRows(2, 5, 3), 4, new CounterRandom(1, 'start'));
    for (let c = 0; c < 4; c++) expect(Math.hypot(...row(found, c))).toBeCloseTo(1, 5);
  });
});

describe('kMeansDirections', () => {
  it('are the query where its share is 1', async () => {
    const vectors = unitRows(60, 6, 4);
    const queries = unitRows(2, 6, 5);
    const space = { vectors, index: await ExactIndex.create({ vectors, threads: 1 }) };
    const directions = await kMeansDirections(space, queries, { k: 3, queryShare: 1, seed: 1 });
    for (let i = 0; i < 6; i++)
      row(directions, i).forEach((x, j) => {
        expect(x).toBeCloseTo(row(queries, Math.floor(i / 3))[j], 5);
      });
  });
});

describe('neighbourQueries', () => {
  it('are the training queries most like each query, the most alike first', () => {
    const memory = unitRows(9, 5, 6);
    const queries = unitRows(2, 5, 7);
    const ranked = [0, 1].map((q) => {
      const cosines = Array.from({ length: 9 }, (_, i) => dot(row(memory, i), row(queries, q)));
      return [...cosines.keys()].sort((a, b) => cosines[b] - cosines[a]);
    });
    expect(neighbourQueries(queries, memory, 3)).toEqual(ranked.map((rows) => rows.slice(0, 3)));
    expect(neighbourQueries(queries, memory, 20)).toEqual(ranked);
  });
});
