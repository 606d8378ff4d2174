import { type Graph, ops, type Tensor, type Value } from '../engine/index.js';
import type { CounterRandom } from '../random.js';
import type { Drop } from './transformer.js';

/**
 * Dropout (Srivastava et al. 2014) by masks which the host draws, so that a resumed run drops the same units. Each use
 * of `drop` adds a bool input to the graph.
 */
export class Dropout {
  private readonly masks: { readonly mask: Value; readonly share: number }[] = [];

  constructor(private readonly graph: Graph) {}

  readonly drop: Drop = (x, share) => {
    if (share === 0) return x;
    const mask = this.graph.input(`dropout.${this.masks.length}`, x.shape, 'bool');
    this.masks.push({ mask, share });
    return ops.where(mask, ops.mul(x, 1 / (1 - share)), this.graph.scalar(0));
  };

  /** Fresh masks for a batch. A random byte decides an element, so shares are as exact as 1 / 256. */
  feeds(random: CounterRandom, batchSize: number): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const { mask, share } of this.masks) {
      const dims = mask.shape.map((d) => (d === 'batch' ? batchSize : (d as number)));
      const data = new Uint8Array(dims.reduce((n, d) => n * d, 1));
      const threshold = Math.round(share * 256);
      for (let i = 0; i < data.length; i += 4) {
        const word = random.uint32();
        for (let j = 0; j < 4; j++) data[i + j] = Number(((word >>> (8 * j)) & 0xff) >= threshold);
      }
      feeds[mask.name] = { data, dims };
    }
    return feeds;
  }
}
