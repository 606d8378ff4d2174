import type { LabelledQueries, QueryBatch } from './environment.js';
import { gatherRows } from './matrix.js';
import { oncePer } from './oncePer.js';

/** The queries that have a reference set; worked out once a batch, since searches ask again and again for a run's. */
export const labelledOf = oncePer(({ texts, vectors, references = [] }: QueryBatch): LabelledQueries => {
  const rows = [...references.keys()].filter((i) => references[i].length > 0);
  if (rows.length === texts.length) return { texts, vectors, references };
  return {
    texts: rows.map((i) => texts[i]),
    vectors: gatherRows(vectors, rows),
    references: rows.map((i) => references[i]),
  };
});
