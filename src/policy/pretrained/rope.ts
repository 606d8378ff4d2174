/** Rotary position embeddings (Su et al. 2021, arXiv 2104.09864) as tables that graphs are fed. */
import type { Tensor } from '../../engine/index.js';
import type { LanguageModelSettings, RopeScaling } from './settings.js';

/** Radians a position turns each pair of a head by, [headWidth / 2]. */
export function ropeFrequencies(
  { headWidth, rope }: Pick<LanguageModelSettings, 'headWidth' | 'rope'>,
  local = false,
): Float64Array {
  const theta = local ? (rope.localTheta ?? rope.theta) : rope.theta;
  const plain = Float64Array.from({ length: headWidth / 2 }, (_, i) => theta ** ((-2 * i) / headWidth));
  return rope.scaling && !local ? plain.map((f) => scaled(f, rope.scaling!)) : plain;
}

/**
 * `linear` divides every frequency (position interpolation, Chen et al. 2023, arXiv 2306.15595); `llama3` divides the slow ones, keeps
 * the fast ones and goes smoothly from one to the other (Llama 3.1's).
 */
function scaled(frequency: number, scaling: RopeScaling): number {
  const {
    kind,
    factor,
    lowFrequencyFactor: low = 1,
    highFrequencyFactor: high = 4,
    originalPositions = 8192,
  } = scaling;
  if (kind === 'linear') return frequency / factor;
  const turns = (originalPositions * frequency) / (2 * Math.PI);
  const kept = Math.min(Math.max((turns - low) / (high - low), 0), 1);
  return frequency * (kept + (1 - kept) / factor);
}

/**
 * Cosines and sines of positions, in Hugging Face's layout: the angle of pair i stands at i and at i + headWidth / 2.
 *
 * @param positions any number of them; `dims` gives the shape in front of the head's width
 */
export function ropeTables(
  frequencies: Float64Array,
  positions: ArrayLike<number>,
  dims: readonly number[],
): { cos: Tensor; sin: Tensor } {
  const half = frequencies.length;
  const cos = new Float32Array(positions.length * 2 * half);
  const sin = new Float32Array(cos.length);
  for (let t = 0; t < positions.length; t++) {
    for (let i = 0; i < half; i++) {
      const angle = positions[t] * frequencies[i];
      const at = t * 2 * half + i;
      cos[at] = cos[at + half] = Math.cos(angle);
      sin[at] = sin[at + half] = Math.sin(angle);
    }
  }
  const shape = [...dims, 2 * half];
  return { cos: { data: cos, dims: shape }, sin: { data: sin, dims: shape } };
}
