import { expect, it } from 'vitest';
import { diffusionAnswers, policyAnswers } from '../evaluate/answers.js';
import { gatherRows, matrix, row } from '../matrix.js';
import type { Policy } from '../policy/policy.js';
import { letterEncoder, letterWorld } from '../policy/testing/world.js';
import type { Workspace } from '../run/workspace.js';
import { makeFanOuts } from './findSets.js';

const SUB_QUERIES = ['red chair', 'blue lamp'];

/** Writes the same for every query. */
const policy: Policy = {
  k: 2,
  sample: async ({ queries }) =>
    queries.map((_, query) => ({
      query,
      subQueries: SUB_QUERIES,
      tokens: new Int32Array(),
      logProbs: new Float32Array(),
      entropies: new Float32Array(),
    })),
};

/** Draws the embeddings of the same texts. */
const diffusion = {
  conditionWords: 0,
  sample: async ({ conditions }: { conditions: { rows: number } }) =>
    gatherRows(
      await letterEncoder.encode(SUB_QUERIES),
      Array.from({ length: 2 * conditions.rows }, (_, i) => i % 2),
    ),
};

it.each(['folm', 'diffusion'] as const)(
  'directions of %s lean towards their own query as far as the world says, in searches and evaluations alike',
  async (method) => {
    const texts = ['tent', 'boot'];
    const workspace = { ...(await letterWorld()), queryShare: 0.3 };
    const queries = { texts, vectors: await letterEncoder.encode(texts) };
    const fanOuts = await makeFanOuts({ workspace, k: 2, policy, diffusion }, method, queries, { k: 2 });
    const alone = await letterEncoder.encode(SUB_QUERIES);
    for (let i = 0; i < 4; i++) {
      const query = row(queries.vectors, Math.floor(i / 2));
      const sum = row(alone, i % 2).map((x, j) => 0.7 * x + 0.3 * query[j]);
      const length = Math.hypot(...sum);
      row(fanOuts?.directions ?? matrix(0, 0), i).forEach((x, j) => {
        expect(x).toBeCloseTo(sum[j] / length, 6);
      });
    }
    const space = { workspace: workspace as unknown as Workspace, k: 2 };
    const answers =
      method === 'folm'
        ? policyAnswers(space, { policy, temperature: 1 })
        : diffusionAnswers(space, diffusion);
    const [first, second] = await answers(queries, { seed: 1 });
    expect([...first.set.directions.data, ...second.set.directions.data]).toEqual([
      ...(fanOuts?.directions.data ?? []),
    ]);
  },
);
