import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';

/** Maps texts to unit vectors. Implement this to bring your own embedding model. */
export interface Encoder {
  /** Names the model and its settings; stored in the run, so that a run is never searched with another encoder. */
  readonly id: string;
  /** Length of the vectors. */
  readonly dim: number;
  /** `texts` -> [texts.length, dim], each row of unit length. Must be deterministic. */
  encode(texts: readonly string[], control?: RunControl): Promise<Matrix>;
  /** Whether any word of the text is known; absent where the encoder cannot tell. */
  knows?(text: string): boolean;
  /** Frees native memory, where it holds any; also of an encoder it wraps. Twice is as good as once. */
  release?(): Promise<void>;
}
