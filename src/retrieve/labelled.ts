import type { LabelledQueries } from '../environment.js';
import { gatherRows } from '../matrix.js';

/** The training queries that have a reference set; worked out once for a run's. */
export function labelledOf(training: LabelledQueries): LabelledQueries {
  const found = known.get(training) ?? chooseLabelled(training);
  known.set(training, found);
  return found;
}

const known = new WeakMap<LabelledQueries, LabelledQueries>();

function chooseLabelled({ texts, vectors, references }: LabelledQueries): LabelledQueries {
  const rows = [...references.keys()].filter((i) => references[i].length > 0);
  if (rows.length === references.length) return { texts, vectors, references };
  return {
    texts: rows.map((i) => texts[i]),
    vectors: gatherRows(vectors, rows),
    references: rows.map((i) => references[i]),
  };
}
