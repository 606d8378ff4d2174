/**
 * The candidates of training queries as those of a new query would be: most are read without their own sets, else whoever learns from
 * them would trust the sources too much. A share is read with them: people ask again what sets were given for, and want these.
 */
import { foldsOf } from '../crossValidation.js';
import { RidgeSmoother, withConstant } from '../encode/ridgeSmoother.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { LabelledQueries } from '../environment.js';
import { gatherRows } from '../matrix.js';
import { CounterRandom } from '../random.js';
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
/** The share of queries that are read with their own sets. */
const ASKED_AGAIN = 0.2;

/** The numbers of the queries that are read with their own sets. */
export const askedAgain = (queries: number, seed: number): Set<number> =>
  new Set(
    new CounterRandom(seed, 'cross-fit/asked-again')
      .permutation(queries)
      .subarray(0, Math.floor(ASKED_AGAIN * queries)),
  );

/**
 * The candidates of each training query, as one finds them who has learnt from the queries of other folds alone; those of `askedAgain`
 * as one who has learnt from all.
 */
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
  const again = askedAgain(texts.length, seed);
  const readings = Array.from({ length: FOLDS }, (_, fold) => ({
    asked: all.filter((i) => foldOf[i] === fold && !again.has(i)),
    learnt: all.filter((i) => foldOf[i] !== fold),
  }));
  readings.push({ asked: [...again], learnt: all });
  let out: { size: number; items: Int32Array; scores: Float32Array } | undefined;
  for (const { asked, learnt } of readings) {
    signal?.throwIfAborted();
    if (asked.length === 0) continue;
    const memory =
      learnt.length > 0
        ? await compiledMemory(
            {
              vectors: gatherRows(vectors, learnt),
              references: learnt.map((i) => references[i]),
              catalog: catalog.vectors,
              smoother: new RidgeSmoother(gatherRows(inputs, learnt)).matrix(ridge),
            },
            runtime,
          )
        : undefined;
    try {
      const queries = { texts: asked.map((i) => texts[i]), vectors: gatherRows(vectors, asked) };
      const { size, items, scores } = await readCandidates(queries, { ...catalog, memory }, { signal });
      const numbers = size * SOURCES.length;
      out ??= {
        size,
        items: new Int32Array(texts.length * size),
        scores: new Float32Array(texts.length * numbers),
      };
      for (const [n, i] of asked.entries()) {
        out.items.set(items.subarray(n * size, (n + 1) * size), i * size);
        out.scores.set(scores.subarray(n * numbers, (n + 1) * numbers), i * numbers);
      }
    } finally {
      await memory?.release();
    }
  }
  return out ?? { size: 0, items: new Int32Array(), scores: new Float32Array() };
}
