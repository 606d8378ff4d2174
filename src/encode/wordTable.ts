import { InputError } from '../errors.js';

/** Words with vectors, by falling frequency in the language: a word's number is its rank, from 0. */
export interface WordVectors {
  /** Length of the vectors. */
  readonly dim: number;
  /** Words of the language, of which these are the commonest. */
  readonly languageSize: number;
  rankOf(word: string): number | undefined;
  /** Adds `weight` times the vector of the word of that rank to `sum` [dim], in place. */
  add(rank: number, weight: number, sum: Float32Array): void;
}

/** "R4TW", little-endian. */
const MAGIC = 0x57543452;
const VERSION = 1;
/** Magic, version, words, dim, words of the language, bytes of the words' text. */
const HEADER = 6;
const LEVELS = 127;

/**
 * Word vectors in about 113 bytes a word at 100 dimensions: each vector's numbers as int8, times a scale of its own. Read in place
 * from the bytes of a file, in Node and in a browser alike.
 */
export class WordTable implements WordVectors {
  readonly #ranks: ReadonlyMap<string, number>;

  private constructor(
    readonly dim: number,
    readonly languageSize: number,
    words: readonly string[],
    /** [words] */
    private readonly scales: Float32Array,
    /** [words, dim] */
    private readonly values: Int8Array,
  ) {
    this.#ranks = new Map(words.map((word, rank) => [word, rank]));
  }

  /**
   * Reads what {@link encodeWordTable} wrote; the bytes are kept, not copied, where they are aligned.
   *
   * @param file named in errors
   * @throws {InputError} when the bytes are no such file, or cut short
   */
  static decode(bytes: Uint8Array, file: string): WordTable {
    const damaged = () => new InputError('is no table of word vectors, or a damaged one', { file });
    const whole = bytes.byteOffset % 4 === 0 ? bytes : Uint8Array.from(bytes);
    if (whole.length < HEADER * 4) throw damaged();
    const view = new DataView(whole.buffer, whole.byteOffset);
    const [magic, version, size, dim, languageSize, textBytes] = Array.from({ length: HEADER }, (_, i) =>
      view.getUint32(i * 4, true),
    );
    const scalesAt = HEADER * 4;
    const valuesAt = scalesAt + size * 4;
    const textAt = valuesAt + size * dim;
    if (magic !== MAGIC || version !== VERSION || textAt + textBytes !== whole.length) throw damaged();
    const words = new TextDecoder().decode(whole.subarray(textAt)).split('\n');
    if (words.length !== size) throw damaged();
    const { buffer, byteOffset } = whole;
    return new WordTable(
      dim,
      languageSize,
      words,
      new Float32Array(buffer, byteOffset + scalesAt, size),
      new Int8Array(buffer, byteOffset + valuesAt, size * dim),
    );
  }

  /** Words in the table. */
  get size(): number {
    return this.scales.length;
  }

  rankOf(word: string): number | undefined {
    return this.#ranks.get(word);
  }

  add(rank: number, weight: number, sum: Float32Array): void {
    const factor = weight * this.scales[rank];
    const start = rank * this.dim;
    for (let j = 0; j < this.dim; j++) sum[j] += factor * this.values[start + j];
  }
}

export interface WordTableContents {
  /** By falling frequency, each once, without line breaks. */
  readonly words: readonly string[];
  /** [words.length][dim] */
  readonly vectors: readonly ArrayLike<number>[];
  readonly languageSize: number;
}

/** The file of a {@link WordTable}: little-endian header, float32 scales, int8 values, the words as lines of UTF-8. */
export function encodeWordTable({ words, vectors, languageSize }: WordTableContents): Uint8Array {
  const dim = vectors[0]?.length ?? 0;
  const text = new TextEncoder().encode(words.join('\n'));
  const valuesAt = (HEADER + words.length) * 4;
  const textAt = valuesAt + words.length * dim;
  const bytes = new Uint8Array(textAt + text.length);
  const view = new DataView(bytes.buffer);
  [MAGIC, VERSION, words.length, dim, languageSize, text.length].forEach((value, i) => {
    view.setUint32(i * 4, value, true);
  });
  vectors.forEach((vector, rank) => {
    let largest = 0;
    for (let j = 0; j < dim; j++) largest = Math.max(largest, Math.abs(vector[j]));
    const scale = Math.fround(largest / LEVELS);
    view.setFloat32((HEADER + rank) * 4, scale, true);
    for (let j = 0; j < dim && scale > 0; j++) {
      view.setInt8(valuesAt + rank * dim + j, Math.round(vector[j] / scale));
    }
  });
  bytes.set(text, textAt);
  return bytes;
}
