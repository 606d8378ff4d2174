/** Open-ended retrieval (OAR): no ground truth; the reward itself says what a good set is. */
import { uniqueQueries } from '../catalog/uniqueQueries.js';
import { composite } from '../reward/composite.js';
import { paperWeights } from '../run/config.js';
import type { Task } from './task.js';

/** A policy that writes the texts of near items fills its sets with these: a little further than it looks, for equal texts. */
const NEAR_ANCHORS = 128;

export const oar: Task = {
  option: 'queries',
  budget: () => undefined,
  paperReward: (weights) => composite({ weights }),
  queries: (withSets, open) => uniqueQueries([...open, ...withSets]),
  trains: () => true,
  judged: (queries) => queries,
  rows: 'items',
  writes: 'nearTexts',
  guided: false,
  // Sub-queries are texts of items: grounded, they would be the items themselves, so they are encoded as they are.
  // The queries mostly are one word.
  conditionWords: 0,
  network: (network) => network,
  // Any other reward needs more than directions to tell which set is best.
  candidates: (config) => (paperWeights(config) ? 4 : 1),
  nearAnchors: (writes) => (writes === 'nearTexts' ? NEAR_ANCHORS : 0),
  recipe: { warmStartSteps: 200, policy: { learningRate: 1e-3 }, diffusion: {} },
};
