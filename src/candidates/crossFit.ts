/** What the sources say of training queries, each without its own set: else whoever learns from them would trust them too much. */
import { foldsOf } from '../crossValidation.js';
import { RidgeSmoother, withConstant } from '../encode/ridgeSmoother.js';
import type { LabelledQueries } from '../environment.js';
import { gatherRows } from '../matrix.js';
import { SOURCES, type SourcesOptions, setMemory, sourceScores } from './sources.js';

export interface CrossFitOptions extends Omit<SourcesOptions, 'memory'> {
  readonly training: LabelledQueries;
  /** Strength of the ridge classifier. */
  readonly ridge: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

const FOLDS = 8;

/**
 * What all sources say of every item for each training query, learnt from the queries of other folds:
 * [queries, items, SOURCES.length].
 */
export function crossFittedScores({
  training,
  ridge,
  seed,
  signal,
  ...catalog
}: CrossFitOptions): Float32Array {
  const { texts, vectors, references } = training;
  const foldOf = foldsOf(references, { folds: FOLDS, seed, keys: texts });
  const inputs = withConstant(vectors);
  const perQuery = catalog.vectors.rows * SOURCES.length;
  const out = new Float32Array(texts.length * perQuery);
  for (let fold = 0; fold < FOLDS; fold++) {
    signal?.throwIfAborted();
    const all = [...references.keys()];
    const heldOut = all.filter((i) => foldOf[i] === fold);
    const others = all.filter((i) => foldOf[i] !== fold);
    if (heldOut.length === 0) continue;
    const memory =
      others.length > 0
        ? setMemory(
            gatherRows(vectors, others),
            others.map((i) => references[i]),
            new RidgeSmoother(gatherRows(inputs, others)).matrix(ridge),
          )
        : undefined;
    const queries = { texts: heldOut.map((i) => texts[i]), vectors: gatherRows(vectors, heldOut) };
    const scores = sourceScores(queries, { ...catalog, memory });
    for (const [n, i] of heldOut.entries())
      out.set(scores.subarray(n * perQuery, (n + 1) * perQuery), i * perQuery);
  }
  return out;
}
