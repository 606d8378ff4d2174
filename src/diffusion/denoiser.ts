/** What the set denoiser D(x; sigma, query) is asked, in training and after it; the heads say what it answers. */
import type { Value } from '../engine/index.js';
import type { ConditionMemory, Drop } from './transformer.js';

export interface DenoiserInputs {
  /** Noisy rows [batch, rows, dimension]; a batch may hold several sets a query, one after another. */
  readonly x: Value;
  /** Noise levels [batch, 1, 1], or [1, 1, 1] for one that all share. */
  readonly sigma: Value;
  readonly condition: ConditionMemory;
  readonly drop?: Drop;
}

export interface LossInputs extends Omit<DenoiserInputs, 'x'> {
  /** Rows without noise [batch, rows, dimension], and standard normals of that shape. */
  readonly clean: Value;
  readonly noise: Value;
}
