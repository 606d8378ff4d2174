import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeWordTable, WordTable } from './wordTable.js';

const words = ['the', 'tent', "men's", 'poäng'];
const vectors = [
  [1, -0.5, 0.25],
  [0, 0, 0],
  [-3, 2, 1e-3],
  [1e-6, 0, 1e-7],
];
const bytes = encodeWordTable({ words, vectors, languageSize: 9 });
const vectorOf = (table: WordTable, rank: number) => {
  const sum = new Float32Array(table.dim);
  table.add(rank, 1, sum);
  return sum;
};

describe('a table of word vectors', () => {
  it('gives back words by rank, and vectors within half a step of their largest number', () => {
    const number = fc.float({ min: -1000, max: 1000, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.array(number, { minLength: 4, maxLength: 4 }), { minLength: 1 }), (rows) => {
        const names = rows.map((_, i) => `word${i}`);
        const table = WordTable.decode(
          encodeWordTable({ words: names, vectors: rows, languageSize: 500 }),
          'a.bin',
        );
        expect([table.size, table.dim, table.languageSize]).toEqual([rows.length, 4, 500]);
        rows.forEach((row, rank) => {
          expect(table.rankOf(names[rank])).toBe(rank);
          const step = Math.max(...row.map(Math.abs)) / 127;
          for (const [j, x] of vectorOf(table, rank).entries())
            expect(Math.abs(x - row[j])).toBeLessThanOrEqual(step * 0.501 + 1e-30);
        });
      }),
    );
  });

  it('reads words of any script, and knows what it has not', () => {
    const table = WordTable.decode(bytes, 'a.bin');
    expect([...words, 'toString', ''].map((word) => table.rankOf(word))).toEqual([
      0,
      1,
      2,
      3,
      undefined,
      undefined,
    ]);
  });

  it('adds a weighted vector', () => {
    const table = WordTable.decode(bytes, 'a.bin');
    const sum = Float32Array.of(1, 1, 1);
    table.add(0, 2, sum);
    [3, 0, 1.5].forEach((x, j) => {
      expect(sum[j]).toBeCloseTo(x, 1);
    });
  });

  it('reads bytes that are not aligned', () => {
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(vectorOf(WordTable.decode(shifted.subarray(1), 'a.bin'), 2)).toEqual(
      vectorOf(WordTable.decode(bytes, 'a.bin'), 2),
    );
  });

  it('refuses bytes that are none, or not whole', () => {
    const later = bytes.slice();
    later[4]++;
    for (const wrong of [
      new Uint8Array(),
      bytes.subarray(0, 40),
      bytes.subarray(0, -1),
      new Uint8Array(99),
      later,
    ])
      expect(() => WordTable.decode(wrong, 'a.bin')).toThrow('a.bin: is no table of word vectors');
  });
});
