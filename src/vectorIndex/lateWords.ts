import type { Bm25 } from '../lexical/bm25.js';
import { bestOf, type Ranking } from '../ranking.js';

export interface LateWordsOptions {
  readonly text: string;
  /** The words of all rows, in the process. */
  readonly bm25: Bm25;
  /** One byte a row, 1 = the index cannot know it as it is now. */
  readonly late: Uint8Array;
  /** Rows wanted. */
  readonly k: number;
}

/**
 * What an index found by words, and rows that came later, as one ranking. Scores of the process are put on the scale of the index:
 * times the ratio of both over what the index found.
 */
export function withLateRows(found: Ranking, { text, bm25, late, k }: LateWordsOptions): Ranking {
  const scores = bm25.scores(text);
  const known = new Set(found.items);
  const rows = [...late.keys()].filter((row) => late[row] !== 0 && scores[row] > 0 && !known.has(row));
  if (rows.length === 0) return found;
  let [theirs, ours] = [0, 0];
  found.items.forEach((row, i) => {
    if (scores[row] === 0) return;
    theirs += found.scores[i];
    ours += scores[row];
  });
  const scale = theirs > 0 ? theirs / ours : 1;
  for (const row of rows) scores[row] *= scale;
  found.items.forEach((row, i) => {
    scores[row] = found.scores[i];
  });
  return bestOf([...known, ...rows], scores, k);
}
