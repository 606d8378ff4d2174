import type { NormalSource } from '../engine/index.js';
import { type Matrix, row } from '../matrix.js';
import { CounterRandom } from '../random.js';

export interface SetNoiseOptions {
  /** One condition a set, [n, dz]. */
  readonly conditions: Matrix;
  /** Number of set `i` among those of its query. */
  readonly candidate: (i: number) => number;
  readonly seed: number;
  /** Name of the query's noise; by default its vector names it, to the last bit. */
  readonly stream?: (i: number) => string | number;
}

/** Noise for a batch of sets, each from its own stream: a query gets the same noise in any batch. */
export class SetNoise implements NormalSource {
  private readonly streams: CounterRandom[];

  constructor({ conditions, candidate, seed, stream }: SetNoiseOptions) {
    this.streams = Array.from({ length: conditions.rows }, (_, i) => {
      const name = stream?.(i) ?? fingerprint(row(conditions, i));
      return new CounterRandom(seed, 'diffusion/sample', name, candidate(i));
    });
  }

  /** Fills `out` [n, ...] with normals of standard deviation `scale`. */
  fillNormal(out: Float32Array, scale = 1): void {
    const size = out.length / this.streams.length;
    this.streams.forEach((stream, i) => {
      stream.fillNormal(out.subarray(i * size, (i + 1) * size), scale);
    });
  }
}

/** 32-bit FNV-1a over the vector's words. */
function fingerprint(vector: Float32Array): number {
  // Adding 0 makes -0 and 0 the same.
  const words = new Uint32Array(Float32Array.from(vector, (x) => x + 0).buffer);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}
