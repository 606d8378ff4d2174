import { type Feeds, floats, type Tensor } from '../../engine/index.js';
import { NEVER } from './graphs.js';
import type { LanguageModelSettings } from './settings.js';

/** Positions that room is made for at a time. */
const CHUNK = 32;
const KINDS = ['keys', 'values'] as const;

/** The keys and values of what was written so far, in every layer: [blocks, capacity, headWidth], a block for each head of a sample. */
export class KeyValues {
  /** Tokens held. */
  length = 0;
  private capacity = CHUNK;
  private readonly tensors = new Map<string, Float32Array>();
  private readonly blocks: number;
  private readonly width: number;

  constructor({ layers, headWidth }: LanguageModelSettings, blocks: number) {
    this.blocks = blocks;
    this.width = headWidth;
    for (const kind of KINDS)
      for (let layer = 0; layer < layers; layer++)
        this.tensors.set(`${kind}.${layer}`, new Float32Array(blocks * this.capacity * headWidth));
  }

  /** Adds a token of every block: `keys.L` and `values.L` of [blocks, headWidth]. */
  append(token: Feeds): void {
    const { width } = this;
    if (this.length === this.capacity) this.grow();
    for (const [name, held] of this.tensors) {
      const added = floats(token[name]);
      for (let b = 0; b < this.blocks; b++)
        held.set(added.subarray(b * width, (b + 1) * width), (b * this.capacity + this.length) * width);
    }
    this.length++;
  }

  private grow(): void {
    const { width, capacity } = this;
    this.capacity += CHUNK;
    for (const [name, held] of this.tensors) {
      const larger = new Float32Array(this.blocks * this.capacity * width);
      for (let b = 0; b < this.blocks; b++)
        larger.set(
          held.subarray(b * capacity * width, (b + 1) * capacity * width),
          b * this.capacity * width,
        );
      this.tensors.set(name, larger);
    }
  }

  /** `prefix.keys.L` and `prefix.values.L`, [...dims, capacity, headWidth]; `dims` holds all blocks. */
  feeds(prefix: string, dims: readonly number[]): Feeds {
    return Object.fromEntries(
      [...this.tensors].map(([name, data]) => [
        `${prefix}.${name}`,
        { data, dims: [...dims, this.capacity, this.width] },
      ]),
    );
  }

  /** What the next token sees of it: nothing that is not there yet, nor what left its window, [1, 1, 1, 1, capacity]. */
  mask(window = Number.POSITIVE_INFINITY): Tensor {
    const data = Float32Array.from({ length: this.capacity }, (_, i) =>
      i < this.length && this.length - i < window ? 0 : NEVER,
    );
    return { data, dims: [1, 1, 1, 1, this.capacity] };
  }
}
