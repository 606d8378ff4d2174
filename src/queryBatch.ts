import type { QueryBatch } from './environment.js';
import { rowRange } from './matrix.js';

/** Queries `start` to `end` of a batch. */
export function batchOf({ texts, vectors, references }: QueryBatch, start: number, end: number): QueryBatch {
  return {
    texts: texts.slice(start, end),
    vectors: rowRange(vectors, start, Math.min(end, texts.length)),
    references: references?.slice(start, end),
  };
}
