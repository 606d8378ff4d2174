/** Open-ended retrieval (OAR): no ground truth; the reward itself says what a good set is. */
import { freshQueries, onOneSide } from '../catalog/uniqueQueries.js';
import { composite } from '../reward/composite.js';
import type { Task } from './task.js';

export const oar: Task = {
  option: 'queries',
  budget: () => undefined,
  paperReward: (weights) => composite({ weights }),
  queries: (withSets, open) => [...onOneSide(withSets), ...freshQueries(open, withSets)],
  trains: () => true,
  rows: 'items',
};
