import type { Bm25 } from '../lexical/bm25.js';
import { dot, type Matrix, row, type VectorTable } from '../matrix.js';
import type { SearchHits, SearchOptions, VectorIndex } from '../vectorIndex/vectorIndex.js';
import { hybridCandidates, reciprocalRankFusion, weightedFusion } from './hybrid.js';

/** The least of a ranking that others choose from. */
export const HEAD = 100;
/** Share of the words where nothing was chosen; that of sub-queries, whose words are what a catalog would say. */
export const USUAL_WEIGHT = 0.3;

/** The weight that stands for fusion by ranks alone. */
export const BY_RANKS = -1;

/** What hybrid search looks at. */
export interface HybridSpace {
  readonly index: VectorIndex;
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
  lexicon(): Bm25;
}

/**
 * Hybrid search as an index has it: the best rows for each text and its direction, by words and vectors on one scale. The words are asked
 * of the index where that has them. The scores are the cosines, as those of an index, and so need not fall.
 *
 * @param directions unit rows [texts.length, d]
 */
export async function hybridHits(
  { index, vectors, lexicon }: HybridSpace,
  texts: readonly string[],
  directions: Matrix,
  { k, mask, weight = USUAL_WEIGHT }: SearchOptions & { readonly weight?: number },
): Promise<SearchHits> {
  const pool = Math.min(index.size, Math.max(HEAD, k));
  const [dense, found] = await Promise.all([
    index.search(directions, { k: pool, mask }),
    index.searchWords?.(texts, { k: pool, mask, lexicon }),
  ]);
  const indices = new Int32Array(texts.length * k).fill(-1);
  const scores = new Float32Array(texts.length * k).fill(Number.NEGATIVE_INFINITY);
  texts.forEach((text, i) => {
    const direction = row(directions, i);
    const lexical = found?.[i] ?? lexicon().search(text, { k: pool, mask });
    const near = dense.indices.subarray(i * pool, (i + 1) * pool);
    const { items } =
      weight === BY_RANKS
        ? reciprocalRankFusion([lexical.items, near], { k })
        : weightedFusion(hybridCandidates(lexical, near, direction, vectors), { weight, k });
    indices.set(items, i * k);
    items.forEach((item, rank) => {
      scores[i * k + rank] = dot(direction, row(vectors, item));
    });
  });
  return { indices, scores, k };
}
