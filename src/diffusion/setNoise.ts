import type { NormalSource } from '../engine/index.js';
import { type Matrix, row } from '../matrix.js';
import { CounterRandom } from '../random.js';

export interface SetNoiseOptions {
  /** One condition a query, [queries, dz]. */
  readonly conditions: Matrix;
  /** Sets of each query. */
  readonly candidates: number;
  readonly seed: number;
  /** Name of a query's noise; by default its vector names it, to the last bit. */
  readonly stream?: (query: number) => string | number;
}

/** Noise for a batch of sets, each from its own stream: a query gets the same noise in any batch. */
export class SetNoise implements NormalSource {
  private readonly streams: CounterRandom[];

  constructor({ conditions, candidates, seed, stream }: SetNoiseOptions) {
    this.streams = Array.from({ length: conditions.rows }, (_, query) => {
      const name = stream?.(query) ?? fingerprint(row(conditions, query));
      return Array.from(
        { length: candidates },
        (_, candidate) => new CounterRandom(seed, 'diffusion/sample', name, candidate),
      );
    }).flat();
  }

  /** Fills `out` [queries * candidates, ...] with normals of standard deviation `scale`. */
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
