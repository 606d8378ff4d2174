import { expect, it } from 'vitest';
import { dppMap } from '../baselines/dpp.js';
import { mmr } from '../baselines/mmr.js';
import { randomCandidates } from '../baselines/testing/candidates.js';
import { dot, row } from '../matrix.js';
import { CosineMatrix } from './cosineMatrix.js';

it('has the cosines of all pairs, with which MMR and DPP pick what they pick without', async () => {
  const { candidates, relevance } = randomCandidates({ n: 40, d: 24, seed: 5 });
  const pairs = await CosineMatrix.create({ threads: 1 });
  const cosines = await pairs.of(candidates);
  for (const i of [0, 7, 39]) {
    for (let j = 0; j < 40; j++)
      expect(row(cosines, i)[j]).toBeCloseTo(dot(row(candidates, i), row(candidates, j)), 5);
  }
  for (const k of [10, 30]) {
    const options = { candidates, relevance, k };
    expect(mmr({ ...options, cosines, lambda: 0.4 })).toEqual(mmr({ ...options, lambda: 0.4 }));
    expect(dppMap({ ...options, cosines, theta: 2 })).toEqual(dppMap({ ...options, theta: 2 }));
  }
  await pairs.release();
  await expect(pairs.of(candidates)).rejects.toThrow();
});
