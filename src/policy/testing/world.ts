/** A world to retrieve from that needs no model: letters are meaning. */
import type { Item } from '../../catalog/item.js';
import type { Encoder } from '../../encode/encoder.js';
import type { RetrievalWorld } from '../../environment.js';
import { lexiconOf } from '../../lexical/lexicon.js';
import { dot, type Matrix, matrix, normalizeRows, row } from '../../matrix.js';
import type { VectorIndex } from '../../vectorIndex/vectorIndex.js';
import { DIM, TEXTS } from './scene.js';

/** Counts of the text's letters, hashed to DIM numbers. */
export const letterEncoder: Encoder = {
  id: 'letters',
  dim: DIM,
  async encode(texts) {
    const m = matrix(texts.length, DIM);
    texts.forEach((text, i) => {
      for (const letter of text) row(m, i)[((letter.codePointAt(0) ?? 0) * 7) % DIM]++;
    });
    return normalizeRows(m);
  },
};

/** Search by looking at every row. */
export function plainIndex(vectors: Matrix): VectorIndex {
  return {
    size: vectors.rows,
    dim: vectors.cols,
    async search(directions, { k, mask }) {
      const indices = new Int32Array(directions.rows * k);
      const scores = new Float32Array(directions.rows * k);
      for (let i = 0; i < directions.rows; i++) {
        const all = Array.from({ length: vectors.rows }, (_, r) =>
          Math.fround(dot(row(directions, i), row(vectors, r))),
        );
        const best = Array.from(all.keys())
          .filter((r) => mask?.[r] !== 0)
          .sort((a, b) => all[b] - all[a] || a - b);
        for (let r = 0; r < k; r++) {
          indices[i * k + r] = best[r] ?? -1;
          scores[i * k + r] = all[best[r]] ?? Number.NEGATIVE_INFINITY;
        }
      }
      return { indices, scores, k };
    },
  };
}

export async function letterWorld(texts: readonly string[] = TEXTS): Promise<RetrievalWorld> {
  const items = texts.map((text, i): Item => ({ id: `${i}`, text, title: text, metadata: {} }));
  const vectors = await letterEncoder.encode(texts);
  return {
    items,
    vectors,
    lexicon: lexiconOf(items),
    index: plainIndex(vectors),
    encoder: letterEncoder,
    subQueryEncoder: letterEncoder,
  };
}
