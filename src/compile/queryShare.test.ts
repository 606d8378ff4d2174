import { describe, expect, it } from 'vitest';
import type { Encoder } from '../encode/encoder.js';
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { plainIndex } from '../policy/testing/world.js';
import { chooseQueryShare } from './queryShare.js';

/** A dimension for each known word; a text is the sum of its words'. */
const WORDS = ['boot', 'snow', 'desert', 'gifts'];
const subQueryEncoder: Encoder = {
  id: 'words',
  dim: WORDS.length,
  async encode(texts): Promise<Matrix> {
    const m = matrix(texts.length, WORDS.length);
    texts.forEach((text, i) => {
      WORDS.forEach((word, j) => {
        row(m, i)[j] = text.split(' ').includes(word) ? 1 : 0;
      });
    });
    return normalizeRows(m);
  },
};
const TEXTS = ['boot snow gifts', 'snow desert gifts', 'boot desert gifts', 'boot snow desert'];
const items = TEXTS.map((text, i) => ({ id: String(i), text, title: text, metadata: {} }));

async function choose(reference: readonly number[]): Promise<number> {
  const vectors = await subQueryEncoder.encode(TEXTS);
  const world = { items, index: plainIndex(vectors), subQueryEncoder };
  // Three sub-queries, the pairs of words; each of the first three items is as near to one as the last to all.
  const queries = { texts: ['boot snow desert', 'gifts'], references: [reference, []] };
  return chooseQueryShare(world, queries, { k: 3, budget: 3 });
}

describe('chooseQueryShare', () => {
  it('leaves sub-queries alone where alone they find as much', async () => {
    expect(await choose([0, 1])).toBe(0);
  });

  it('adds the query where that finds more', async () => {
    expect(await choose([3])).toBe(0.15);
  });

  it('is none where no query has a reference set', async () => {
    expect(await choose([])).toBe(0);
  });
});
