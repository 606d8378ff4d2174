/** Weakly supervised compositional retrieval (WSCR): one reference set a query, one plausible realisation among many. */
import { freshQueries } from '../catalog/uniqueQueries.js';
import { GroundedEncoder } from '../encode/groundedEncoder.js';
import { coverageReward } from '../reward/coverageReward.js';
import type { Task } from './task.js';

export const wscr: Task = {
  option: 'sets',
  budget: ({ k, budget }, items) => Math.max(k, Math.round(budget * items)),
  paperReward: () => coverageReward(),
  // Queries without references may be another's neighbours, but are neither trained with nor tested on.
  queries: (withSets, open) => [
    ...withSets,
    ...freshQueries(open, withSets).filter(({ split }) => split === 'train'),
  ],
  trains: ({ items }) => items.length > 0,
  rows: 'sub-queries',
  subQueryEncoder: (encoder, catalog) => new GroundedEncoder(encoder, catalog),
};
