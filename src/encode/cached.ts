import { type Matrix, matrix, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { type Encoder, encodeItems, type ItemContent } from './encoder.js';

export interface CachedEncoderOptions {
  /** Texts to remember; the least recently used is forgotten first. Default 200,000 (100 MB at 128 dimensions). */
  readonly capacity?: number;
}

/**
 * Remembers the vectors of texts it has seen, and encodes a text once that occurs several times in a call. A policy in
 * training writes the same sub-queries over and over, so most of its encoder calls end here.
 */
export class CachedEncoder implements Encoder {
  readonly id: string;
  readonly dim: number;
  readonly capacity: number;
  readonly knows?: (text: string) => boolean;
  /** Texts of all calls so far, and how many of them the inner encoder was spared. */
  requests = 0;
  hits = 0;
  /** Text -> its row in `vectors`. A Map iterates in insertion order, which is kept the order of use. */
  readonly #slots = new Map<string, number>();
  #vectors: Matrix;

  constructor(
    private readonly encoder: Encoder,
    { capacity = 200_000 }: CachedEncoderOptions = {},
  ) {
    if (!Number.isInteger(capacity) || capacity < 1) {
      throw new RangeError(`the capacity must be a positive whole number, got ${capacity}`);
    }
    this.id = encoder.id;
    this.dim = encoder.dim;
    this.knows = encoder.knows?.bind(encoder);
    this.capacity = capacity;
    this.#vectors = matrix(Math.min(capacity, 1024), encoder.dim);
  }

  /** Texts remembered now. */
  get size(): number {
    return this.#slots.size;
  }

  /** `texts` -> [texts.length, dim], the same vectors the inner encoder gives. */
  async encode(texts: readonly string[], control?: RunControl): Promise<Matrix> {
    const out = matrix(texts.length, this.dim);
    const missing = new Map<string, number[]>();
    texts.forEach((text, i) => {
      const slot = this.#use(text);
      if (slot !== undefined) {
        row(out, i).set(row(this.#vectors, slot));
        return;
      }
      const places = missing.get(text);
      if (places) places.push(i);
      else missing.set(text, [i]);
    });
    this.requests += texts.length;
    this.hits += texts.length - missing.size;
    if (missing.size === 0) return out;

    const fresh = await this.encoder.encode([...missing.keys()], control);
    let i = 0;
    for (const [text, places] of missing) {
      const vector = row(fresh, i++);
      for (const place of places) row(out, place).set(vector);
      this.#store(text, vector);
    }
    return out;
  }

  /** Frees the inner encoder. */
  async release(): Promise<void> {
    await this.encoder.release?.();
  }

  /** Items are encoded once, so that none is remembered. */
  encodeItems(items: readonly ItemContent[], control?: RunControl): Promise<Matrix> {
    return encodeItems(this.encoder, items, control);
  }

  /** Forgets every text. */
  clear(): void {
    this.#slots.clear();
  }

  #use(text: string): number | undefined {
    const slot = this.#slots.get(text);
    if (slot !== undefined) this.#touch(text, slot);
    return slot;
  }

  #touch(text: string, slot: number): void {
    this.#slots.delete(text);
    this.#slots.set(text, slot);
  }

  #store(text: string, vector: Float32Array): void {
    // A concurrent call may have stored it meanwhile.
    const slot = this.#slots.get(text) ?? this.#freeSlot();
    this.#touch(text, slot);
    row(this.#vectors, slot).set(vector);
  }

  #freeSlot(): number {
    if (this.#slots.size === this.capacity) {
      const [text, slot] = this.#slots.entries().next().value!;
      this.#slots.delete(text);
      return slot;
    }
    if (this.#slots.size === this.#vectors.rows) {
      const grown = matrix(Math.min(2 * this.#vectors.rows, this.capacity), this.dim);
      grown.data.set(this.#vectors.data);
      this.#vectors = grown;
    }
    return this.#slots.size;
  }
}
