/** Several encoders as one. Nothing here needs Node: the web build encodes queries with it. */
import { InputError } from '../errors.js';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { type Encoder, encodeItems, type ItemContent } from './encoder.js';

/** One encoder of several. */
export interface SpacePart {
  readonly encoder: Encoder;
  /** Directions that are taken out of its vectors, orthonormal rows [r, encoder.dim]; see `commonDirections`. */
  readonly common: Matrix;
}

/**
 * Encoders side by side: of each the vector without its common directions, at unit length, and all of them in a row, so that a cosine
 * is the mean of the parts' cosines. Encoders that err in different ways find more together than each alone.
 */
export class SideBySideEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;
  readonly knows?: (text: string) => boolean;

  /** @throws {InputError} when a part's common directions have another length than its vectors */
  constructor(private readonly parts: readonly SpacePart[]) {
    for (const { encoder, common } of parts) {
      if (common.cols === encoder.dim) continue;
      throw new InputError(
        `the space was fitted to vectors of length ${common.cols}, ${encoder.id} makes ${encoder.dim}`,
      );
    }
    this.id = parts.map(({ encoder }) => encoder.id).join('+');
    this.dim = parts.reduce((sum, { encoder }) => sum + encoder.dim, 0);
    const asked = parts.flatMap(({ encoder }) => (encoder.knows ? [encoder] : []));
    if (asked.length > 0) this.knows = (text) => asked.some((encoder) => encoder.knows?.(text));
  }

  /** `texts` -> [texts.length, dim], rows of unit length. */
  async encode(texts: readonly string[], control?: RunControl): Promise<Matrix> {
    const vectors: Matrix[] = [];
    for (const { encoder } of this.parts) vectors.push(await encoder.encode(texts, control));
    return this.join(vectors);
  }

  /** `items` -> [items.length, dim], rows of unit length. */
  async encodeItems(items: readonly ItemContent[], control?: RunControl): Promise<Matrix> {
    const vectors: Matrix[] = [];
    for (const { encoder } of this.parts) vectors.push(await encodeItems(encoder, items, control));
    return this.join(vectors);
  }

  /** The parts' own vectors of the same texts, [n, part.dim] each -> [n, dim]. */
  join(vectors: readonly Matrix[]): Matrix {
    const joined = matrix(vectors[0].rows, this.dim);
    let column = 0;
    this.parts.forEach(({ common }, p) => {
      const unit = normalizeRows(without(vectors[p], common));
      for (let i = 0; i < unit.rows; i++) row(joined, i).set(row(unit, i), column);
      column += unit.cols;
    });
    return normalizeRows(joined);
  }
}

/** A copy of `vectors` [n, dim] without what lies along the orthonormal rows of `directions` [r, dim]. */
function without(vectors: Matrix, directions: Matrix): Matrix {
  const rest = matrix(vectors.rows, vectors.cols, vectors.data.slice());
  for (let i = 0; i < rest.rows; i++) {
    const vector = row(rest, i);
    for (let k = 0; k < directions.rows; k++) {
      const direction = row(directions, k);
      const along = dot(vector, direction);
      for (let j = 0; j < vector.length; j++) vector[j] -= along * direction[j];
    }
  }
  return rest;
}
