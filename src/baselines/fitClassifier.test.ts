import { describe, expect, it } from 'vitest';
import { matrix, normalizeRows, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { classify } from './classifier.js';
import { fitClassifier } from './fitClassifier.js';

/** Item j belongs to a query's set where coordinate j is positive; item D belongs to every set. */
const D = 6;
function world(n: number, stream: string) {
  const random = new CounterRandom(1, stream);
  const vectors = normalizeRows(matrix(n, D, random.fillNormal(new Float32Array(n * D))));
  const references = Array.from({ length: n }, (_, q) => [
    D,
    ...[...row(vectors, q).keys()].filter((j) => row(vectors, q)[j] > 0),
  ]);
  return { vectors, references, k: D, seed: 1 };
}

describe('fitClassifier', () => {
  it('learns which items belong to which queries, and which to all', async () => {
    const classifier = await fitClassifier(world(300, 'train'));
    const test = world(20, 'test');
    let right = 0;
    let wanted = 0;
    test.references.forEach((reference, q) => {
      const head = classify(classifier, row(test.vectors, q)).items.subarray(0, reference.length);
      right += reference.filter((item) => head.includes(item)).length;
      wanted += reference.length;
      expect(head).toContain(D);
    });
    expect(right / wanted).toBeGreaterThan(0.9);
  });

  it('takes the strength that answers held-out queries best', async () => {
    // Few queries, whose sets are one and the same but for an item each: a weak ridge puts those single items first.
    const few = world(10, 'few');
    const references = few.references.map((_, i) => [D, D + 1 + i]);
    const noise = { ...few, references };
    expect(await fitClassifier({ ...noise, ridges: [1e-6, 100] })).toMatchObject({ ridge: 100 });
    const learnt = await fitClassifier({ ...world(300, 'train'), ridges: [1e6, 1] });
    expect(learnt.ridge).toBe(1);
    expect(await fitClassifier({ ...noise, quality: () => 1, ridges: [7, 8] })).toMatchObject({ ridge: 7 });
  });

  it('works with one training query, and not with none', async () => {
    const { vectors, references } = world(1, 'one');
    const classifier = await fitClassifier({ vectors, references, k: 3, seed: 1 });
    expect([...classify(classifier, row(vectors, 0)).items].sort()).toEqual([...references[0]].sort());
    await expect(fitClassifier({ vectors: matrix(0, 3), references: [], k: 3, seed: 1 })).rejects.toThrow(
      'at least one training query',
    );
  });
});
