/** The names of all methods, in the order of every table. */

/** Methods that a user has without any training of ours: what a compiled retriever must beat. */
export const BASELINES = [
  'plain',
  'bm25',
  'hybrid',
  'mmr',
  'dpp',
  'groupCap',
  'kmeans',
  'keywords',
  'nearestQueries',
  'adapter',
  'adapterMmr',
  'popular',
  'vote',
  'classifier',
] as const;

/** Every method that can answer. */
export const METHOD_NAMES = [...BASELINES, 'folm', 'diffusion'] as const;
export type Method = (typeof METHOD_NAMES)[number];

/** Asks for the method that did best on the run's validation queries. */
export const AUTO = 'auto';

/** Every name that can be asked for. */
export const ASKABLE_METHODS = [AUTO, ...METHOD_NAMES] as const;
export type AskableMethod = (typeof ASKABLE_METHODS)[number];
