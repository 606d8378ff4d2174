import { afterAll, beforeAll, expect, it } from 'vitest';
import { gatherRows, matrix } from '../matrix.js';
import type { Workspace } from '../run/workspace.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { neighbourFanOutAnswers } from './answers.js';

const items = matrix(4, 2, Float32Array.of(1, 0, 0.8, 0.6, 0, 1, -1, 0));
let index: ExactIndex;
beforeAll(async () => {
  index = await ExactIndex.create({ vectors: items, threads: 1 });
});
afterAll(() => index.release());

it('takes the most similar training queries for sub-queries where there are no sets to vote', async () => {
  const workspace = { index, vectors: items } as unknown as Workspace;
  const train = { texts: ['east', 'west', 'north'], vectors: gatherRows(items, [0, 3, 2]) };
  const answer = neighbourFanOutAnswers({ workspace, k: 2 }, train);
  const queries = { texts: ['north-east', 'up'], vectors: gatherRows(items, [1, 2]) };
  const answers = await answer(queries, { seed: 1 });
  expect(answers.map((a) => a.subQueries)).toEqual([
    ['east', 'north'],
    ['north', 'east'],
  ]);
  for (const { set, subQueries } of answers) {
    // Each item is the one its training query is at, best first; equal scores in the order of directions.
    expect(set.assigned.map((a) => a.item)).toEqual(subQueries?.map((text) => (text === 'east' ? 0 : 2)));
  }
});
