import { describe, expect, it } from 'vitest';
import type { Method } from '../retrieve/methodNames.js';
import { METHODS } from '../retrieve/methods.js';
import type { SetQuality } from './setQuality.js';
import { letterSpace } from './testing/letterSpace.js';
import { answer, tune } from './tune.js';

const TEXTS = ['red chair', 'blue lamp', 'green tent'];

async function scene() {
  const space = await letterSpace();
  const queries = { texts: TEXTS, vectors: await space.encoder.encode(TEXTS) };
  // What has a high number is what these people want, whatever the query.
  const quality: SetQuality = {
    metric: 'alphaNdcgAtK',
    queries,
    of: async (sets) =>
      Float64Array.from(sets, ({ assigned }) => assigned.reduce((sum, { item }) => sum + item, 0)),
  };
  return { space, quality };
}

const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('tune', () => {
  it.each<Method>(['mmr', 'kmeans', 'hybrid'])(
    'takes the setting of %s with the best sets',
    async (method) => {
      const { space, quality } = await scene();
      const { setting, worth, perQuery } = await tune({ method, space }, { quality, k: 3, seed: 1 });
      const grid = METHODS[method].setting?.grid ?? [];
      const worths: number[] = [];
      for (const value of grid) {
        // As a search at this setting would find them.
        const tuned = { ...space, settings: { [method]: value } };
        const sets = await answer({ method, space: tuned }, quality.queries, { k: 3, seed: 1 });
        worths.push(mean(await quality.of(sets)));
      }
      expect(new Set(worths).size).toBeGreaterThan(1);
      expect(worth).toBe(Math.max(...worths));
      expect(setting).toBe(grid[worths.indexOf(worth)]);
      expect(mean(perQuery)).toBe(worth);
    },
  );

  it('takes the first of equal settings, and none where there is none', async () => {
    const { space, quality } = await scene();
    const all: SetQuality = { ...quality, of: async (sets) => Float64Array.from(sets, () => 1) };
    const options = { quality: all, k: 3, seed: 1 };
    expect((await tune({ method: 'hybrid', space }, options)).setting).toBe(0);
    expect(await tune({ method: 'plain', space }, options)).toEqual({
      perQuery: Float64Array.of(1, 1, 1),
      worth: 1,
    });
  });

  it('can be told to stop', async () => {
    const { space, quality } = await scene();
    const signal = AbortSignal.abort();
    const tuning = tune({ method: 'mmr', space }, { quality, k: 3, seed: 1, signal });
    await expect(tuning).rejects.toBe(signal.reason);
  });
});
