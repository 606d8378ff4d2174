/** What `shuffle` can reorder: arrays and typed arrays. */
interface Swappable<T> {
  readonly length: number;
  [index: number]: T;
}

const TWO_PI_OVER_2_32 = (2 * Math.PI) / 2 ** 32;

/**
 * A counter-based random generator: Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC'11).
 *
 * The seed and the stream's parts are hashed into the key and the upper half of the counter, so every (seed, stream)
 * is an independent sequence of 2^66 words. There is no state to save: naming the stream after the step that uses
 * it makes a resumed run draw the same bits as one that was never stopped.
 *
 * @example
 * const noise = new CounterRandom(seed, 'diffusion/noise', step);
 * noise.fillNormal(buffer);
 */
export class CounterRandom {
  readonly #words = new Uint32Array(4);
  readonly #key: readonly [number, number];
  readonly #high: readonly [number, number];
  #block = 0;
  /** Words of the current block already handed out; 4 = none left. */
  #used = 4;

  /**
   * @param seed any finite number
   * @param stream names the sequence; `('a', 1)`, `('a', '1')` and `('a1')` are three different streams
   */
  constructor(seed: number, ...stream: readonly (string | number)[]) {
    const [k0, k1, h0, h1] = hashStream([seed, ...stream]);
    this.#key = [k0, k1];
    this.#high = [h0, h1];
  }

  /** The next 32 bits, 0 to 2^32 - 1. */
  uint32(): number {
    if (this.#used === 4) {
      this.#nextBlock();
      this.#used = 0;
    }
    return this.#words[this.#used++];
  }

  /** A float64 in [0, 1) with 53 random bits. */
  uniform(): number {
    const high = this.uint32() >>> 5;
    const low = this.uint32() >>> 6;
    return (high * 2 ** 26 + low) * 2 ** -53;
  }

  /** A standard normal float64 (Box-Muller; the second of the pair is dropped so that nothing is carried over). */
  normal(): number {
    return radius(this.uint32()) * Math.cos(this.uint32() * TWO_PI_OVER_2_32);
  }

  /** An integer in [0, n); its bias is below n / 2^53. */
  integer(n: number): number {
    if (!(n >= 1)) throw new RangeError(`integer(n) needs n >= 1, got ${n}`);
    return Math.floor(this.uniform() * n);
  }

  /** Fills `out` with float32 values in [0, 1), 24 random bits each. Starts at the next block of four words. */
  fillUniform(out: Float32Array): Float32Array {
    const words = this.#words;
    for (let i = 0; i < out.length; i += 4) {
      this.#nextBlock();
      // Whole blocks are written even at the end: a typed array ignores writes past its length.
      for (let j = 0; j < 4; j++) out[i + j] = (words[j] >>> 8) * 2 ** -24;
    }
    this.#used = 4;
    return out;
  }

  /** Fills `out` with normals of standard deviation `scale`. Starts at the next block of four words. */
  fillNormal(out: Float32Array, scale = 1): Float32Array {
    const words = this.#words;
    for (let i = 0; i < out.length; i += 4) {
      this.#nextBlock();
      const r0 = scale * radius(words[0]);
      const a0 = words[1] * TWO_PI_OVER_2_32;
      const r1 = scale * radius(words[2]);
      const a1 = words[3] * TWO_PI_OVER_2_32;
      out[i] = r0 * Math.cos(a0);
      out[i + 1] = r0 * Math.sin(a0);
      out[i + 2] = r1 * Math.cos(a1);
      out[i + 3] = r1 * Math.sin(a1);
    }
    this.#used = 4;
    return out;
  }

  /** Shuffles in place (Fisher-Yates) and returns its argument. */
  shuffle<A extends Swappable<unknown>>(values: A): A {
    for (let i = values.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const held = values[i];
      values[i] = values[j];
      values[j] = held;
    }
    return values;
  }

  /** The numbers 0 to n - 1 in random order. */
  permutation(n: number): Int32Array {
    return this.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  }

  /** One of the values, all equally likely. */
  choice<T>(values: ArrayLike<T>): T {
    if (values.length === 0) throw new RangeError('choice needs at least one value');
    return values[this.integer(values.length)];
  }

  #nextBlock(): void {
    const block = this.#block++;
    const high = this.#high;
    philox4x32(this.#words, block, Math.floor(block / 2 ** 32), high[0], high[1], this.#key[0], this.#key[1]);
  }
}

/** Box-Muller's radius; the half step keeps the logarithm finite. */
function radius(word: number): number {
  return Math.sqrt(-2 * Math.log((word + 0.5) * 2 ** -32));
}

/**
 * Ten rounds of Philox4x32: four counter words and two key words -> four random words in `out`.
 * 32 x 32 -> 64-bit products are put together from 16-bit halves, because JavaScript has no high multiply.
 */
export function philox4x32(
  out: Uint32Array,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  k0: number,
  k1: number,
): void {
  for (let round = 0; round < 10; round++) {
    // M0 = 0xd2511f53
    const low0 = c0 & 0xffff;
    const high0 = c0 >>> 16;
    const mid0 = Math.imul(0x1f53, high0) + (Math.imul(0x1f53, low0) >>> 16);
    const top0 = Math.imul(0xd251, low0) + (mid0 & 0xffff);
    const hi0 = Math.imul(0xd251, high0) + (mid0 >>> 16) + (top0 >>> 16);
    // M1 = 0xcd9e8d57
    const low1 = c2 & 0xffff;
    const high1 = c2 >>> 16;
    const mid1 = Math.imul(0x8d57, high1) + (Math.imul(0x8d57, low1) >>> 16);
    const top1 = Math.imul(0xcd9e, low1) + (mid1 & 0xffff);
    const hi1 = Math.imul(0xcd9e, high1) + (mid1 >>> 16) + (top1 >>> 16);

    const lo0 = Math.imul(0xd2511f53, c0);
    const lo1 = Math.imul(0xcd9e8d57, c2);
    c0 = hi1 ^ c1 ^ k0;
    c1 = lo1;
    c2 = hi0 ^ c3 ^ k1;
    c3 = lo0;
    k0 = (k0 + 0x9e3779b9) | 0;
    k1 = (k1 + 0xbb67ae85) | 0;
  }
  out[0] = c0;
  out[1] = c1;
  out[2] = c2;
  out[3] = c3;
}

const NUMBER_TAG = 1;
const STRING_TAG = 2;

/** Hashes the parts to 128 bits: each pair of words is a key under which Philox encrypts the state so far. */
function hashStream(parts: readonly (string | number)[]): Uint32Array {
  const state = new Uint32Array(4);
  const absorb = (a: number, b: number) =>
    philox4x32(state, state[0], state[1], state[2], state[3], a | 0, b | 0);
  for (const part of parts) {
    if (typeof part === 'number') {
      if (!Number.isFinite(part)) throw new RangeError(`a seed or stream number must be finite, got ${part}`);
      const bits = new Uint32Array(new Float64Array([part + 0]).buffer);
      absorb(NUMBER_TAG, 0);
      absorb(bits[0], bits[1]);
    } else {
      absorb(STRING_TAG, part.length);
      for (let i = 0; i < part.length; i++) absorb(part.charCodeAt(i), i);
    }
  }
  return state;
}
