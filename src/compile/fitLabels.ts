/** What labelled training queries give for nothing: a classifier and an adapter, both in closed form. */
import { fitClassifier } from '../baselines/fitClassifier.js';
import { fitAdapter } from '../encode/fitAdapter.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { labelledOf } from '../labelled.js';
import type { Labels } from '../run/labelTensors.js';

/** Items that the adapter's settings are compared by: a set of ten has too few hits to tell them apart where sets are small. */
const HEAD = 100;

export interface FitLabelsOptions {
  readonly world: Pick<RetrievalWorld, 'vectors' | 'index'>;
  /** Items a set. */
  readonly k: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** The training queries with what is fitted on them; without any reference set they are neighbours of queries all the same. */
export async function fitLabels(
  { texts, vectors, references = texts.map(() => []) }: QueryBatch,
  { world, k, seed, signal }: FitLabelsOptions,
): Promise<Labels> {
  const training = { texts, vectors, references };
  const labelled = labelledOf(training);
  if (labelled.texts.length === 0) return { training };
  const { smoother, sets } = await fitClassifier({ ...labelled, k, seed, signal });
  const adapter = await fitAdapter({
    texts: labelled.texts,
    queries: labelled.vectors,
    references: labelled.references,
    vectors: world.vectors,
    index: world.index,
    k: Math.max(k, HEAD),
    seed,
    signal,
  });
  return {
    training,
    classifier: { smoother, sets },
    ...(adapter && { adapter }),
  };
}
