import { floats, type Tensor } from '../engine/index.js';
import { type DecoderConfig, rotaryAngles } from './decoder.js';
import { FORBIDDEN } from './format.js';

/** Room is made for so many positions at a time. */
const BLOCK = 16;

/**
 * The keys and values of a batch of sequences while they are written. Each sequence has its positions from 0 on, so they may differ in
 * length; a token adds its own to what is there.
 */
export class KeyValueCache {
  /** Keys and values of every layer, [batch, heads, room, width / heads]. */
  #buffers: Float32Array[];
  #room = BLOCK;
  /** Positions of each sequence. */
  readonly #lengths: Int32Array;

  constructor(
    batch: number,
    private readonly config: DecoderConfig,
  ) {
    this.#lengths = new Int32Array(batch);
    this.#buffers = Array.from({ length: 2 * config.layers }, () => this.#buffer());
  }

  /** What the decoder reads for `time` further positions of each sequence. */
  feeds(time: number): Record<string, Tensor> {
    const { heads, width } = this.config;
    const dims = [this.#lengths.length, heads, this.#room, width / heads];
    const past = this.#buffers.map((data, i): [string, Tensor] => [nameOf('past', i), { data, dims }]);
    return {
      ...Object.fromEntries(past),
      parts: { data: BigInt64Array.of(BigInt(this.#room), BigInt(time)), dims: [2] },
      attentionBias: this.#attentionBias(time),
      ...rotaryAngles(this.#positions(time), [this.#lengths.length, 1, time], this.config),
    };
  }

  /** Takes over, of what the decoder made for `time` positions, the first `counts[row]` of each sequence. */
  add(made: Readonly<Record<string, Tensor>>, counts: Int32Array, time: number): void {
    const { heads, width } = this.config;
    const size = width / heads;
    const room = Math.ceil(Math.max(...this.#lengths.map((n, row) => n + counts[row])) / BLOCK) * BLOCK;
    if (room > this.#room) this.#grow(room);
    this.#buffers.forEach((buffer, i) => {
      const present = floats(made[nameOf('present', i)]);
      for (let row = 0; row < counts.length; row++) {
        for (let head = 0; head < heads; head++) {
          const from = (row * heads + head) * time * size;
          const to = ((row * heads + head) * this.#room + this.#lengths[row]) * size;
          for (let x = 0; x < counts[row] * size; x++) buffer[to + x] = present[from + x];
        }
      }
    });
    for (let row = 0; row < counts.length; row++) this.#lengths[row] += counts[row];
  }

  #buffer(): Float32Array {
    return new Float32Array(this.#lengths.length * this.config.width * this.#room);
  }

  #grow(room: number): void {
    const { heads, width } = this.config;
    const [before, after] = [this.#room, room].map((positions) => (positions * width) / heads);
    this.#room = room;
    this.#buffers = this.#buffers.map((old) => {
      const grown = this.#buffer();
      for (let i = 0; i < this.#lengths.length * heads; i++)
        grown.set(old.subarray(i * before, (i + 1) * before), i * after);
      return grown;
    });
  }

  /** [batch, time]: where each sequence goes on. */
  #positions(time: number): Int32Array {
    const positions = new Int32Array(this.#lengths.length * time);
    this.#lengths.forEach((length, row) => {
      for (let t = 0; t < time; t++) positions[row * time + t] = length + t;
    });
    return positions;
  }

  /** [batch, 1, time, room + time]: a position looks at all of its sequence that is in the cache, and at no later one. */
  #attentionBias(time: number): Tensor {
    const keys = this.#room + time;
    const data = new Float32Array(this.#lengths.length * time * keys);
    this.#lengths.forEach((length, row) => {
      for (let t = 0; t < time; t++) {
        const start = (row * time + t) * keys;
        data.fill(FORBIDDEN, start + length, start + this.#room);
        data.fill(FORBIDDEN, start + this.#room + t + 1, start + keys);
      }
    });
    return { data, dims: [this.#lengths.length, 1, time, keys] };
  }
}

const nameOf = (prefix: 'past' | 'present', i: number): string =>
  `${prefix}.${i >> 1}.${i % 2 === 0 ? 'keys' : 'values'}`;
