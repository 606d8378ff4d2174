import { describe, expect, it } from 'vitest';
import { letterWorld } from '../policy/testing/world.js';
import { lexiconOf } from '../retrieve/lexicon.js';
import type { MethodSpace } from '../retrieve/method.js';
import { METHODS } from '../retrieve/methods.js';
import { labelsOf } from './measure.js';
import { answer } from './methods.js';
import { tune } from './tuning.js';

describe('tune', () => {
  it('takes the setting with the best sets on the validation queries, the first of equal ones', async () => {
    const world = await letterWorld();
    const texts = ['red chair', 'blue lamp', 'green tent'];
    const validation = {
      texts,
      vectors: await world.encoder.encode(texts),
      // What lies far from everything else is what these people want.
      references: texts.map((_, q) => [(7 * q) % world.items.length, (7 * q + 11) % world.items.length]),
    };
    const space: MethodSpace = {
      ...world,
      k: 3,
      lexicon: lexiconOf(world.items),
      settings: {},
      usual: 'plain',
    };
    const labels = labelsOf(world, () => undefined);
    const options = { validation, labels, k: 3, seed: 1 };
    const { settings, worth } = await tune({ method: 'mmr', space }, options);
    const worths: number[] = [];
    for (const value of METHODS.mmr.setting?.grid ?? []) {
      const tuned = { ...space, settings: { mmr: value } };
      const plain = await tune({ method: 'plain', space: tuned }, options);
      expect(plain.settings).toEqual({ mmr: value });
      const sets = await answer({ method: 'mmr', space: tuned }, validation, { k: 3 });
      const hits = sets.map(({ assigned }, q) =>
        assigned.map(({ item }) => Number(validation.references[q].includes(item))),
      );
      // Every item is its own aspect, so alpha-nDCG is nDCG; two relevant items make the ideal.
      const ideal = 1 + 1 / Math.log2(3);
      const gains = hits.map((set) => set.reduce((sum, hit, i) => sum + hit / Math.log2(i + 2), 0) / ideal);
      worths.push(gains.reduce((sum, gain) => sum + gain, 0) / gains.length);
    }
    expect(worth).toBeCloseTo(Math.max(...worths), 10);
    expect(METHODS.mmr.setting?.grid[worths.indexOf(Math.max(...worths))]).toBe(settings.mmr);
  });
});
