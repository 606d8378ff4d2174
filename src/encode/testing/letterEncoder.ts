import { matrix, normalizeRows, row } from '../../matrix.js';
import type { Encoder } from '../encoder.js';

/** Numbers of a vector. */
export const DIM = 12;

/** Needs no model: letters are meaning. Counts of the text's letters, hashed to DIM numbers. */
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
