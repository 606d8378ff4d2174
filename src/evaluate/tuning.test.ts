import { describe, expect, it } from 'vitest';
import { matrix } from '../matrix.js';
import { letterWorld } from '../policy/testing/world.js';
import type { Workspace } from '../run/workspace.js';
import { type AnswerSpace, plainAnswers } from './answers.js';
import { tune, worthOf } from './tuning.js';

const figures = (value: number) => Float64Array.of(value, value + 0.2);
const metrics = {
  recallAtB: figures(0.4),
  groundedness: figures(0.9),
  diversity: figures(0.6),
  alignment: figures(0.2),
  composite: figures(0.7),
};
const answers = (directions: number) => [
  { set: { directions: matrix(directions, 2), assigned: [] } },
  { set: { directions: matrix(directions, 2), assigned: [] } },
];

describe('worthOf', () => {
  it.each([
    ['wscr', 10, 0.5, 'recall'],
    ['wscr', 1, 0.5, 'recall'],
    ['oar', 10, 0.8, 'the composite'],
    [
      'oar',
      1,
      0.2 * 0.7 + 0.2 * 0.3,
      'diversity and alignment: one direction is not judged by how near its items are',
    ],
  ] as const)('of task %s with %i directions is %d: %s', (task, directions, worth, _why) => {
    expect(worthOf(task, metrics, answers(directions))).toBeCloseTo(worth, 12);
  });
});

describe('tune', () => {
  it('takes the setting that recalls most of the validation sets, the first of equal ones', async () => {
    const workspace = {
      ...(await letterWorld()),
      queries: [],
      projection: undefined,
    } as unknown as Workspace;
    const space: AnswerSpace = { workspace, k: 3, budget: 6 };
    const texts = ['red chair', 'blue lamp'];
    const vectors = await workspace.encoder.encode(texts);
    const references = texts.map((text) => [workspace.items.findIndex((item) => item.text === text)]);
    const tried: number[] = [];
    const found = await tune(
      [1, 2, 3, 4],
      (setting) => async (queries, options) => {
        tried.push(setting);
        const plain = await plainAnswers(space)(queries, options);
        // Settings below 2 find nothing.
        return plain.map((answer) => (setting < 2 ? { ...answer, retrieved: Int32Array.of(-1) } : answer));
      },
      { task: 'wscr', space, validation: { texts, vectors, references }, seed: 1 },
    );
    expect(tried).toEqual([1, 2, 3, 4]);
    expect(found).toBe(2);
  });
});
