import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { readGlove, sif } from './glove.js';
import { encodeWordTable, WordTable } from './wordTable.js';
import { removeComponent, sifWeight, trigramVector, zipf } from './wordVectors.js';

const cosine = (m: Matrix, i: number, j: number): number => dot(row(m, i), row(m, j));

describe('smooth inverse frequency', () => {
  it('weighs a word by a / (a + p)', () => {
    expect(sifWeight(0)).toBe(1);
    expect(sifWeight(1e-3)).toBe(0.5);
    expect(sifWeight(0.009)).toBeCloseTo(0.1, 12);
  });

  it("takes probabilities from Zipf's law, which sum up to 1", () => {
    let sum = 0;
    for (let rank = 0; rank < 1000; rank++) sum += zipf(rank, 1000);
    expect(sum).toBeCloseTo(1, 6);
    expect(zipf(0, 1000) / zipf(9, 1000)).toBeCloseTo(10, 9);
  });

  it('takes out a component wholly, and nothing else', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const random = new CounterRandom(seed);
        const draw = () => normalizeRows(matrix(1, 8, random.fillNormal(new Float32Array(8)))).data;
        const [vector, component] = [draw(), draw()];
        const along = dot(vector, component);
        const rest = removeComponent(Float32Array.from(vector), component);
        expect(dot(rest, component)).toBeCloseTo(0, 6);
        rest.forEach((x, j) => {
          expect(x + along * component[j]).toBeCloseTo(vector[j], 6);
        });
      }),
    );
  });
});

describe('trigramVector', () => {
  it('is of unit length, the same again, and tells texts as alike as they are spelt', () => {
    const vectors = matrix(4, 100);
    ['kallaxen', 'kallaxem', 'poäng', ''].forEach((text, i) => {
      row(vectors, i).set(trigramVector(text, 100));
      expect(cosine(vectors, i, i)).toBeCloseTo(1, 5);
    });
    expect(trigramVector(' KALLAXEN', 100)).toEqual(row(vectors, 0));
    expect(cosine(vectors, 0, 1)).toBeGreaterThan(0.6);
    expect(Math.abs(cosine(vectors, 0, 2))).toBeLessThan(0.4);
  });
});

describe('sentence vectors of word vectors', () => {
  const vectors = { the: [1, 1, 1], tent: [1, 0, 0.2], lamp: [0, 1, 0.2], red: [0.1, 0.1, 1] };
  const names = Object.keys(vectors) as (keyof typeof vectors)[];
  const table = WordTable.decode(
    encodeWordTable({ words: names, vectors: Object.values(vectors), languageSize: 4 }),
    'test',
  );
  const catalog = ['the red tent', 'the KALLAX lamp', 'red lamp', 'tent tent'];
  const encoderOf = async (texts: readonly string[]) => (await sif(table).fitTo(texts)).encoder;

  it('agree with the formulas written out', async () => {
    // Shares of the nine known words of the catalog, against Zipf's law over the language's four words.
    const counts = { the: 2, tent: 3, lamp: 2, red: 2 };
    const weight = (word: keyof typeof vectors) =>
      1e-3 / (1e-3 + Math.max(counts[word] / 9, zipf(names.indexOf(word), 4)));
    const mean = (text: string) => {
      const list = text.split(' ').filter((w): w is keyof typeof vectors => w in vectors);
      return [0, 1, 2].map((j) => list.reduce((s, w) => s + weight(w) * vectors[w][j], 0) / list.length);
    };
    // The first principal direction of the catalog's means, by power iteration.
    let u = [1, 1, 1];
    for (let i = 0; i < 500; i++) {
      const next = [0, 0, 0];
      for (const x of catalog.map(mean)) for (let j = 0; j < 3; j++) next[j] += dot(x, u) * x[j];
      u = next.map((x) => x / Math.hypot(...next));
    }
    const texts = ['the tent', 'red red lamp', 'tent'];
    const encoded = await (await encoderOf(catalog)).encode(texts);
    texts.forEach((text, i) => {
      const x = mean(text);
      const rest = x.map((value, j) => value - dot(x, u) * u[j]);
      rest.forEach((value, j) => {
        // The table's numbers are right to half a 127th.
        expect(Math.abs(row(encoded, i)[j] - value / Math.hypot(...rest))).toBeLessThan(0.02);
      });
    });
  });

  it('are unit rows, the same alone and together, for any text and in any letter case', async () => {
    const encoder = await encoderOf(catalog);
    const word = fc.constantFrom('the', 'tents', 'Lamp', 'red', 'unknown', 'ö', '?');
    const text = fc.array(word, { maxLength: 5 }).map((list) => list.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 6 }), fc.nat(), async (texts, pick) => {
        const i = pick % texts.length;
        const encoded = await encoder.encode(texts);
        expect(row(encoded, i)).toEqual((await encoder.encode([texts[i]])).data);
        expect(row(encoded, i)).toEqual((await encoder.encode([texts[i].toUpperCase()])).data);
        expect(dot(row(encoded, i), row(encoded, i))).toBeCloseTo(1, 5);
      }),
      { numRuns: 50 },
    );
  });

  it('know the words of the language and of the catalog', async () => {
    const encoder = await encoderOf(catalog);
    const known = ['a red qqq', 'Kallax', 'tents', 'qqq', 'constructor', ''].map((text) =>
      encoder.knows?.(text),
    );
    expect(known).toEqual([true, true, true, false, false, false]);
  });

  it('exist for each text even where all are along the common component', async () => {
    const encoded = await (await encoderOf(['tent'])).encode(['tent', 'tents', '']);
    for (let i = 0; i < 3; i++) expect(cosine(encoded, i, i)).toBeCloseTo(1, 5);
  });

  it('are the same to the bit after the state went through a file', async () => {
    const { encoder, state } = await sif(table).fitTo(catalog);
    const again = sif(table).restore(JSON.parse(JSON.stringify(state)));
    const texts = ['the red tent', 'kallax', 'lamps'];
    expect(await again.encode(texts)).toEqual(await encoder.encode(texts));
    expect(again.knows?.('kallax')).toBe(true);
    for (const wrong of [{}, undefined, { common: [1], counts: {}, others: [] }])
      expect(() => sif(table).restore(wrong)).toThrow('is no state of the encoder');
    await expect(sif(table).fitTo([])).rejects.toThrow('texts of a catalog');
  });
});

describe('the word vectors of the package', () => {
  it('put texts of one meaning together that share no word', async () => {
    const catalog = ['a guitar', 'sofa', 'warm boots', 'the piano', 'a couch', 'winter shoes', 'red car'];
    const { encoder } = await sif(await readGlove()).fitTo(catalog);
    expect(encoder.dim).toBe(100);
    const vectors = await encoder.encode(catalog);
    for (const [i, j] of [
      [0, 3],
      [1, 4],
      [2, 5],
    ]) {
      const others = [...catalog.keys()].filter((other) => other !== i);
      const best = others.toSorted((a, b) => cosine(vectors, i, b) - cosine(vectors, i, a))[0];
      expect(catalog[best]).toBe(catalog[j]);
    }
    expect(['snowboards', 'asdfqwer', 'xkcdzz qqwwrt'].map((text) => encoder.knows?.(text))).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('say which file is missing', async () => {
    await expect(readGlove('no/such.bin')).rejects.toThrow('no/such.bin: does not exist');
  });
});
