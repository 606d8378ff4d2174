/** The candidates of training queries, each read without its own set: else whoever learns from them would trust the sources too much. */
import { foldsOf } from '../crossValidation.js';
import { RidgeSmoother, withConstant } from '../encode/ridgeSmoother.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { LabelledQueries } from '../environment.js';
import { gatherRows } from '../matrix.js';
import { type Candidates, type CandidatesOptions, readCandidates, SOURCES } from './candidates.js';
import { compiledMemory } from './compiledMemory.js';

export interface CrossFitOptions extends Omit<CandidatesOptions, 'memory'> {
  readonly training: LabelledQueries;
  /** Strength of the ridge classifier. */
  readonly ridge: number;
  readonly seed: number;
  readonly runtime?: RuntimeOptions;
  readonly signal?: AbortSignal;
}

const FOLDS = 8;

/** The candidates of each training query, as one finds them who has learnt from the queries of other folds alone. */
export async function crossFittedCandidates({
  training,
  ridge,
  seed,
  runtime,
  signal,
  ...catalog
}: CrossFitOptions): Promise<Candidates> {
  const { texts, vectors, references } = training;
  const foldOf = foldsOf(references, { folds: FOLDS, seed, keys: texts });
  const inputs = withConstant(vectors);
  const all = [...references.keys()];
  let out: { size: number; items: Int32Array; scores: Float32Array } | undefined;
  for (let fold = 0; fold < FOLDS; fold++) {
    signal?.throwIfAborted();
    const heldOut = all.filter((i) => foldOf[i] === fold);
    const others = all.filter((i) => foldOf[i] !== fold);
    if (heldOut.length === 0) continue;
    const memory =
      others.length > 0
        ? await compiledMemory(
            {
              vectors: gatherRows(vectors, others),
              references: others.map((i) => references[i]),
              catalog: catalog.vectors,
              smoother: new RidgeSmoother(gatherRows(inputs, others)).matrix(ridge),
            },
            runtime,
          )
        : undefined;
    try {
      const queries = { texts: heldOut.map((i) => texts[i]), vectors: gatherRows(vectors, heldOut) };
      const { size, items, scores } = await readCandidates(queries, { ...catalog, memory }, { signal });
      const numbers = size * SOURCES.length;
      out ??= {
        size,
        items: new Int32Array(texts.length * size),
        scores: new Float32Array(texts.length * numbers),
      };
      for (const [n, i] of heldOut.entries()) {
        out.items.set(items.subarray(n * size, (n + 1) * size), i * size);
        out.scores.set(scores.subarray(n * numbers, (n + 1) * numbers), i * numbers);
      }
    } finally {
      await memory?.release();
    }
  }
  return out ?? { size: 0, items: new Int32Array(), scores: new Float32Array() };
}
