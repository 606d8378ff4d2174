/** The sources of a run's queries, ready to be read. */
import type { EmbeddedQueries } from '../environment.js';
import { labelledOf } from '../labelled.js';
import type { Bm25 } from '../lexical/bm25.js';
import { type Matrix, matrix } from '../matrix.js';
import type { MethodSpace } from '../retrieve/method.js';
import { type Standard, setMemory, sourceScores, standardize } from './sources.js';

export interface QuerySourcesOptions extends Pick<MethodSpace, 'training' | 'classifier'> {
  /** Content embeddings of the items that the model knows, unit rows [items, d]. */
  readonly vectors: Matrix;
  readonly lexicon: () => Bm25;
  readonly standard: Standard;
}

/** Reads queries nobody has labelled: what the sources say of every item, standardised, [n, items * sources]. */
export function querySources({
  vectors,
  lexicon,
  standard,
  training,
  classifier,
}: QuerySourcesOptions): (queries: EmbeddedQueries) => Matrix {
  const labelled = training && labelledOf(training);
  const memory =
    labelled && classifier && setMemory(labelled.vectors, labelled.references, classifier.smoother);
  return (queries) => {
    const scores = sourceScores(queries, { vectors, lexicon: lexicon(), memory });
    return matrix(queries.texts.length, vectors.rows * standard.means.length, standardize(scores, standard));
  };
}
