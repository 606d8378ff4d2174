import type { ComparedMethod } from 'r4t';

/** What people call the compared methods. */
export const NAMES: Record<ComparedMethod, string> = {
  plain: 'plain search',
  mmr: 'MMR',
  dpp: 'DPP',
  untrained: 'warm start',
  bestOfN: 'Best-of-5',
  folm: 'FOLM',
  diffusion: 'Diffusion',
};
