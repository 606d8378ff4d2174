/** The space that is searched: what of each encoder's vectors is left out, and the projection of the rest. */
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { lazyMap } from '../lazyArray.js';
import { gatherRows, type Matrix, matrix, type VectorTable } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { CounterRandom } from '../random.js';
import { commonDirections } from './commonDirections.js';
import { type Encoder, type EncoderParts, encodeItems, type ItemContent, partsOf } from './encoder.js';
import { fitProjection, type Projection } from './projection.js';
import { SideBySideEncoder } from './sideBySide.js';

/** Plain data, one part for each encoder. */
export interface Space {
  readonly parts: readonly FittedPart[];
  readonly projection: Projection;
}

export interface FittedPart {
  /** Directions taken out of the part's vectors, orthonormal rows [r, part's dim]. */
  readonly common: Matrix;
  /** What an encoder that is fitted to the catalog knows of it; JSON data. */
  readonly state?: unknown;
}

export interface FitSpaceOptions extends RuntimeOptions, RunControl {
  readonly encoder: Encoder | EncoderParts;
  /** The catalog's items. */
  readonly items: readonly ItemContent[];
  /** The catalog's own vectors [items, dim] in place of what the encoder makes of the items. */
  readonly vectors?: VectorTable;
  /** Training queries. */
  readonly queries: readonly string[];
  /** Dimensions to keep. */
  readonly d: number;
  /** Draws the sample of a large catalog (0). */
  readonly seed?: number;
}

export interface FittedSpace {
  readonly space: Space;
  /** The space's encoder, before the projection. */
  readonly encoder: SideBySideEncoder;
  /** Its vectors of the items fitted on: all, in order, or a random sample of a large catalog. */
  readonly sample: Matrix;
}

/** A space is fitted on at most this many items: more change it no further. */
export const FITTING_SAMPLE = 20_000;

/**
 * Of each encoder's vectors the directions are taken out which all items or all queries share; what is left of all encoders, side by
 * side, is projected. An encoder that is fitted to the catalog has seen to the shared direction itself.
 */
export async function fitSpace(options: FitSpaceOptions): Promise<FittedSpace> {
  const { items: catalog, vectors, queries, d, seed = 0, signal, onProgress, ...others } = options;
  const { encoder: encoders, ...runtime } = others;
  const rows = fittingRows(catalog.length, seed);
  const sampled = Array.from(rows, (r) => catalog[r]);
  const texts = lazyMap(catalog, ({ text }) => text);
  const parts = [];
  for (const [i, part] of partsOf(encoders).entries()) {
    const fitted =
      'encode' in part ? { encoder: part, state: undefined } : await part.fitTo(texts, { signal });
    const { encoder, state } = fitted;
    // The first part's progress tells the whole's: it is the slow one.
    const control = { signal, onProgress: i === 0 ? onProgress : undefined };
    const items = vectors ? gatherRows(vectors, rows) : await encodeItems(encoder, sampled, control);
    const asked = await encoder.encode(queries, { signal });
    const common = state === undefined ? commonDirections([items, asked]) : matrix(0, encoder.dim);
    parts.push({ encoder, stored: state === undefined ? { common } : { common, state }, items, asked });
  }
  const encoder = new SideBySideEncoder(parts.map((p) => ({ encoder: p.encoder, common: p.stored.common })));
  const sample = encoder.join(parts.map(({ items }) => items));
  const asked = encoder.join(parts.map((part) => part.asked));
  const projection = await fitProjection([sample, asked], { d, signal, ...runtime });
  return { space: { parts: parts.map(({ stored }) => stored), projection }, encoder, sample };
}

/**
 * The encoder of a fitted space before its projection, the same to the bit as when it was fitted.
 *
 * @throws {InputError} when the encoder is another than the one the space was fitted with
 */
export function restoreSpace(encoder: Encoder | EncoderParts, { parts }: Space): SideBySideEncoder {
  const encoders = partsOf(encoder);
  if (encoders.length !== parts.length) {
    throw new InputError(
      `the space has ${parts.length} parts, the encoder "${encoder.id}" ${encoders.length}`,
    );
  }
  return new SideBySideEncoder(
    parts.map(({ common, state }, i) => {
      const part = encoders[i];
      return { common, encoder: 'encode' in part ? part : part.restore(state) };
    }),
  );
}

function fittingRows(texts: number, seed: number): Int32Array {
  if (texts <= FITTING_SAMPLE) return Int32Array.from({ length: texts }, (_, i) => i);
  return Int32Array.from(
    new CounterRandom(seed, 'encode/sample').permutation(texts).subarray(0, FITTING_SAMPLE),
  );
}
