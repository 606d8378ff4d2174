import { describe, expect, it } from 'vitest';
import { itemSets } from '../baselines/itemSets.js';
import { letterWorld } from '../policy/testing/world.js';
import { fitLabels } from './fitLabels.js';

const world = await letterWorld();
const options = { world, k: 3, seed: 1 };

describe('fitLabels', () => {
  it('fits nothing where no training query has a reference set', async () => {
    const texts = ['red chair', 'blue lamp'];
    const queries = { texts, vectors: await world.encoder.encode(texts) };
    expect(await fitLabels(queries, options)).toEqual({
      training: { ...queries, references: [[], []] },
    });
  });

  it('fits a classifier on the queries that have one, and keeps all of them as neighbours', async () => {
    const texts = ['red chair', 'blue lamp', 'green tent', 'golden boot'];
    const references = [[0, 1], [], [2, 3], [0, 3]];
    const queries = { texts, vectors: await world.encoder.encode(texts), references };
    const { training, classifier } = await fitLabels(queries, options);
    expect(training).toEqual(queries);
    expect(classifier?.sets).toEqual(
      itemSets([
        [0, 1],
        [2, 3],
        [0, 3],
      ]),
    );
    expect(classifier?.smoother.rows).toBe(3);
  });
});
