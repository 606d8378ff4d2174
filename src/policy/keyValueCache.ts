import type { Tensor } from '../engine/index.js';
import type { DecoderConfig } from './decoder.js';

/**
 * The keys and values of the positions decoded so far. Two sets of buffers take turns: a run reads the one and writes the
 * grown cache into the other, so the runtime's results are never copied. Buffers grow as sequences do and are kept for
 * the next batch.
 */
export class KeyValueCache {
  private current: Float32Array[];
  private next: Float32Array[];
  private positions = 0;
  private batch = 0;

  constructor(private readonly config: DecoderConfig) {
    this.current = Array.from({ length: 2 * config.layers }, () => new Float32Array(0));
    this.next = this.current.slice();
  }

  /** Positions held. */
  get past(): number {
    return this.positions;
  }

  /** Forgets everything and makes ready for `batch` sequences. */
  reset(batch: number): void {
    this.positions = 0;
    this.batch = batch;
  }

  /** The cache as the decoder's inputs. */
  feeds(): Record<string, Tensor> {
    return this.tensors('past', this.current, this.positions);
  }

  /** Where the decoder shall write the cache grown by `time` positions. */
  targets(time: number): Record<string, Tensor> {
    const needed = this.size(this.positions + time);
    this.next.forEach((buffer, i) => {
      // A quarter more than needed, so that not every position allocates anew.
      if (buffer.length < needed) this.next[i] = new Float32Array(Math.ceil(needed * 1.25));
    });
    return this.tensors('present', this.next, this.positions + time);
  }

  /** Takes over what was written into the targets. */
  advance(time: number): void {
    [this.current, this.next] = [this.next, this.current];
    this.positions += time;
  }

  private size(positions: number): number {
    return this.batch * this.config.width * positions;
  }

  private tensors(
    prefix: string,
    buffers: readonly Float32Array[],
    positions: number,
  ): Record<string, Tensor> {
    const { heads, width } = this.config;
    const dims = [this.batch, heads, positions, width / heads];
    return Object.fromEntries(
      buffers.map((buffer, i) => {
        const name = `${prefix}.${i >> 1}.${i % 2 === 0 ? 'keys' : 'values'}`;
        return [name, { data: buffer.subarray(0, this.size(positions)), dims }];
      }),
    );
  }
}
