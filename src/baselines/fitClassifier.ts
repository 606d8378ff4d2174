import { binaryNdcg, crossValidate } from '../crossValidation.js';
import { RidgeSmoother, withConstant } from '../encode/ridgeSmoother.js';
import type { LabelledQueries } from '../environment.js';
import { gatherRows, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Classifier } from './classifier.js';
import { itemSets, rankByWeights } from './itemSets.js';

/** Ridge strengths to choose from, on the scale of X^T X. */
const RIDGES = [100, 30, 10, 3, 1, 0.3, 0.1];

export interface FitClassifierOptions
  extends Pick<LabelledQueries, 'vectors' | 'references'>,
    Partial<Pick<LabelledQueries, 'texts'>>,
    Pick<RunControl, 'signal'> {
  /** Items of a set: what the choice of the ridge looks at. */
  readonly k: number;
  readonly seed: number;
  /** Strengths to choose from [100 ... 0.1]; of equally good ones the first. */
  readonly ridges?: readonly number[];
  /** Quality of the k items found for training query i [nDCG@k]. */
  readonly quality?: (ranked: Int32Array, query: number) => number;
}

/**
 * Fits the classifier; the strength of the ridge is chosen by 5-fold cross-validation on the training queries. Deterministic.
 *
 * @throws RangeError if there is no training query
 */
export async function fitClassifier({
  texts,
  vectors,
  references,
  k,
  seed,
  ridges = RIDGES,
  quality = (ranked, query) => binaryNdcg(ranked, references[query], k),
  signal,
}: FitClassifierOptions): Promise<Classifier & { readonly ridge: number }> {
  if (vectors.rows === 0) throw new RangeError('a classifier needs at least one training query');
  const inputs = withConstant(vectors);
  const found = await crossValidate({
    references,
    settings: ridges,
    keys: texts,
    seed,
    signal,
    train(trained, heldOut) {
      const smoother = new RidgeSmoother(gatherRows(inputs, trained));
      const known = itemSets(trained.map((i) => references[i]));
      return (ridge) => {
        const weights = smoother.weights(ridge);
        return heldOut.map((i) => quality(rankByWeights(known, weights(row(inputs, i)), k).items, i));
      };
    },
  });
  const means = found.map((list) => list.reduce((sum, x) => sum + x, 0) / Math.max(1, list.length));
  const ridge = ridges[means.indexOf(Math.max(...means))];
  return { smoother: new RidgeSmoother(inputs).matrix(ridge), sets: itemSets(references), ridge };
}
