import type { LabelledQueries, QueryBatch } from './environment.js';
import { gatherRows } from './matrix.js';

/** The queries that have a reference set; worked out once a batch, since searches ask again and again for a run's. */
export function labelledOf(queries: QueryBatch): LabelledQueries {
  const found = known.get(queries) ?? chooseLabelled(queries);
  known.set(queries, found);
  return found;
}

const known = new WeakMap<QueryBatch, LabelledQueries>();

function chooseLabelled({ texts, vectors, references = [] }: QueryBatch): LabelledQueries {
  const rows = [...references.keys()].filter((i) => references[i].length > 0);
  if (rows.length === texts.length) return { texts, vectors, references };
  return {
    texts: rows.map((i) => texts[i]),
    vectors: gatherRows(vectors, rows),
    references: rows.map((i) => references[i]),
  };
}
