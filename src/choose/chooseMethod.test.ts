import { describe, expect, it } from 'vitest';
import type { Progress } from '../progress.js';
import type { RetrievedSet } from '../retrieve/method.js';
import type { Method } from '../retrieve/methodNames.js';
import { autoOf, type Choice, choiceOf, winner } from './choice.js';
import { chooseMethod } from './chooseMethod.js';
import type { SetQuality } from './setQuality.js';
import { letterSpace } from './testing/letterSpace.js';

const TEXTS = [
  'red chair',
  'blue lamp',
  'green tent',
  'golden boot',
  'a black table',
  'shirts',
  'chairs',
  'lamps',
];

/** Chooses by a quality that is one function of a set. */
async function choose(worth: (set: RetrievedSet, query: number) => number, texts = TEXTS) {
  const space = await letterSpace();
  const reports: Progress[] = [];
  const choice = await chooseMethod(space, {
    quality: {
      metric: 'alphaNdcgAtK',
      queries: { texts, vectors: await space.encoder.encode(texts) },
      // A quality is told no more than the items; here it may see where they were looked for.
      of: async (sets) => Float64Array.from(sets as readonly RetrievedSet[], worth),
    },
    k: 3,
    seed: 1,
    onProgress: (progress) => reports.push(progress),
  });
  return { choice, reports };
}

describe('chooseMethod', () => {
  it('takes plain search where no method is better, and is sure of that', async () => {
    const { choice, reports } = await choose(() => 0.5);
    expect(choice).toMatchObject({ chosen: 'plain', unclear: [], queries: 8, metric: 'alphaNdcgAtK' });
    // What needs labels or models is not there.
    const methods = Object.keys(choice.values);
    expect(methods).toEqual(expect.arrayContaining(['plain', 'bm25', 'mmr', 'kmeans']));
    expect(methods).not.toEqual(expect.arrayContaining(['vote']));
    expect(reports.map(({ stage, done }) => [stage, done])).toEqual(methods.map((_, i) => ['choose', i + 1]));
    expect(reports[0].total).toBe(methods.length);
  });

  it('takes the method with the highest mean, at the setting that has it', async () => {
    // Only sets found in several directions are any good.
    const { choice } = await choose(({ directions }, q) => (directions.rows > 1 ? 1 + 0.01 * q : 0));
    expect(choice.chosen).toBe('kmeans');
    expect(choice.settings.kmeans).toBe(1);
    expect(choice.values.plain).toBe(0);
    expect(choice.unclear).toEqual([]);
  });

  it('says from what a few queries cannot tell it', async () => {
    const few = TEXTS.slice(0, 2);
    const { choice } = await choose(({ directions }) => (directions.rows > 1 ? 1 : 0), few);
    expect(choice).toMatchObject({ chosen: 'kmeans', queries: 2, unclear: ['plain'] });
  });
});

it('notes what labels say of each method on the queries that trainings are probed with', async () => {
  const space = await letterSpace();
  const texts = Array.from({ length: 103 }, (_, i) => `query ${i}`);
  const quality: SetQuality = {
    metric: 'alphaNdcgAtK',
    queries: { texts, vectors: await space.encoder.encode(texts) },
    // The last three count for the choice alone.
    of: async (sets) => Float64Array.from(sets, (_, q) => (q < 100 ? 0.5 : 1)),
    precisionOf: (sets) => Float64Array.from(sets, (_, q) => (q < 100 ? 0.25 : 1)),
  };
  const { probes, values } = await chooseMethod(space, { quality, k: 3, seed: 1 });
  expect(values.plain).toBeGreaterThan(0.5);
  expect(probes?.queries).toBe(100);
  expect(Object.keys(probes!.alphaNdcg)).toEqual(Object.keys(values));
  expect([...new Set(Object.values(probes!.alphaNdcg))]).toEqual([0.5]);
  expect([...new Set(Object.values(probes!.precision))]).toEqual([0.25]);
});

describe('a choice', () => {
  const choice: Choice = {
    metric: 'alphaNdcgAtK',
    queries: 46,
    values: { plain: 0.135, hybrid: 0.2, classifier: 0.369, diffusion: 0.398 },
    settings: { hybrid: 0.3 },
    chosen: 'diffusion',
    unclear: ['classifier'],
  };
  const noted = (record: object) =>
    choiceOf({ stageDone: () => ({ status: 'done', seconds: 1, finishedAt: '', files: {}, ...record }) });

  it('is read as it was noted', () => {
    expect(noted(choice)).toEqual(choice);
    const probes = { queries: 46, alphaNdcg: { plain: 0.1 }, precision: { plain: 0.05 } };
    expect(noted({ ...choice, probes })).toEqual({ ...choice, probes });
    const rest = { method: 'adapter', byTurns: false };
    expect(noted({ ...choice, rest })).toEqual({ ...choice, rest });
    // As it was noted before it said more than a name.
    expect(noted({ ...choice, rest: 'vote' })).toEqual({
      ...choice,
      rest: { method: 'vote', byTurns: true },
    });
    expect(noted({ ...choice, rest: 'oracle' })).toEqual(choice);
    expect(choiceOf({ stageDone: () => undefined })).toBeUndefined();
    expect(noted({ queries: 0 })).toBeUndefined();
    // A method that this version does not know.
    expect(noted({ ...choice, chosen: 'oracle' })).toBeUndefined();
    expect(noted({ ...choice, values: { ...choice.values, oracle: 1 } })).toEqual(choice);
  });

  it('is told with what it is measured against', () => {
    expect(autoOf(choice)).toEqual({
      method: 'diffusion',
      metric: 'alphaNdcgAtK',
      value: 0.398,
      queries: 46,
      plain: 0.135,
      bestBaseline: { method: 'classifier', value: 0.369 },
    });
  });

  it('of equal methods is the first', () => {
    const values: [Method, number][] = [
      ['plain', 0.2],
      ['mmr', 0.3],
      ['diffusion', 0.3],
    ];
    expect(winner(new Map(values))).toBe('mmr');
    expect(winner(new Map())).toBeUndefined();
  });
});
