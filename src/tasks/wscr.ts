/** Weakly supervised compositional retrieval (WSCR): one reference set a query, one plausible realisation among many. */
import { normalizeKey } from '../catalog/normalizeKey.js';
import { uniqueQueries } from '../catalog/uniqueQueries.js';
import { GroundedEncoder } from '../encode/groundedEncoder.js';
import { labelledOf } from '../labelled.js';
import { coverageReward } from '../reward/coverageReward.js';
import type { Task } from './task.js';

export const wscr: Task = {
  option: 'sets',
  budget: ({ k, budget }, items) => Math.max(k, Math.round(budget * items)),
  paperReward: () => coverageReward(),
  // Queries without references can be synthesised for, but neither trained with nor tested on.
  queries(withSets, open) {
    const known = new Set(withSets.map((q) => normalizeKey(q.query)));
    const fresh = uniqueQueries(open).filter((q) => q.split === 'train' && !known.has(normalizeKey(q.query)));
    return [...withSets, ...fresh];
  },
  trains: ({ items }) => items.length > 0,
  judged: (queries) => (queries.references ? labelledOf(queries) : queries),
  rows: 'sub-queries',
  writes: 'nearWords',
  guided: true,
  subQueryEncoder: (encoder, catalog) => new GroundedEncoder(encoder, catalog),
  conditionWords: 4,
  /**
   * A network for sub-queries' embeddings: without anchors, which only items have (they are few and known), and at least as
   * wide as the rows, or it could not pass them on.
   */
  network: (network, dimensions) => ({
    ...network,
    width: Math.max(network.width, dimensions),
    hidden: Math.max(network.hidden, 2 * dimensions),
    conditionWidth: Math.max(network.conditionWidth, dimensions),
    maxAnchors: 0,
  }),
  // Which set covers a reference set nobody knows when one searches.
  candidates: () => 1,
  nearAnchors: () => 0,
  recipe: {
    warmStartSteps: 400,
    // Room for a word written some times and words of an item that has it.
    policy: { learningRate: 1.5e-3, maxSubQueryTokens: 10 },
    diffusion: { samplerSteps: 4, guidance: 1 },
  },
};
