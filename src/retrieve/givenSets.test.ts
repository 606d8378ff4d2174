import { describe, expect, it } from 'vitest';
import type { LabelledQueries } from '../environment.js';
import { matrix } from '../matrix.js';
import { givenFirst } from './givenSets.js';
import type { Rank } from './method.js';

const training: LabelledQueries = {
  texts: ['Camping gear', 'pool party', 'camping  gear', 'picnic', 'camping gear'],
  vectors: matrix(5, 2),
  references: [[3, 8, 8], [5], [8, 1], [], [40, 3, 8]],
};
const LIKED = [9, 1, 7, 3, 5, 8, 2];
const rank: Rank = async ({ texts }, { depth }) => texts.map(() => Int32Array.from(LIKED.slice(0, depth)));
const found = async (
  texts: string[],
  { depth = 7, mask, of = training }: { depth?: number; mask?: Uint8Array; of?: LabelledQueries | null } = {},
) => {
  const queries = { texts, vectors: matrix(texts.length, 2) };
  const rankings = await givenFirst({ training: of ?? undefined }, rank)(queries, { depth, mask });
  return rankings.map((ranking) => [...ranking]);
};

describe('givenFirst', () => {
  it('begins with the items of the query’s own sets: what more of them have, then what the method prefers', async () => {
    // 8 is in three sets, 3 in two; 1 and 40 in one, of which the method has ranked the first alone.
    expect(await found(['camping gear'], { depth: 9 })).toEqual([[8, 3, 1, 40, 9, 7, 5, 2]]);
  });

  it('knows the query again whatever its case and white space', async () => {
    expect(await found([' POOL\u00a0 party'])).toEqual([[5, 9, 1, 7, 3, 8, 2]]);
  });

  // What somebody chose for another query is no promise for this one.
  it.each(['pool parties', 'party pool', 'pool', 'picnic'])('leaves %j as it was', async (text) => {
    expect(await found([text])).toEqual([LIKED]);
  });

  it('gives no more than was asked for', async () => {
    expect(await found(['camping gear', 'pool party'], { depth: 3 })).toEqual([
      [8, 3, 1],
      [5, 9, 1],
    ]);
  });

  it('leaves out what does not pass', async () => {
    const mask = new Uint8Array(41).fill(1);
    mask[8] = mask[40] = 0;
    const [ranking] = await found(['camping gear'], { mask });
    expect(ranking.slice(0, 3)).toEqual([3, 1, 9]);
  });

  it('changes nothing where no sets were given', async () => {
    expect(await found(['camping gear'], { of: null })).toEqual([LIKED]);
    const unlabelled = { ...training, references: training.references.map(() => []) };
    expect(await found(['camping gear'], { of: unlabelled })).toEqual([LIKED]);
  });
});
