import type { Item } from '../catalog/item.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { TextReading } from './textReading.js';

/** What an encoder may see of an item. */
export type ItemContent = Pick<Item, 'text' | 'image'>;

/**
 * Maps texts to unit vectors. Implement this to bring your own embedding model.
 *
 * @example
 * const encoder: Encoder = {
 *   id: 'my-model/v3',
 *   dim: 768,
 *   encode: async (texts, { signal } = {}) => matrix(texts.length, 768, await myModel(texts, signal)),
 * };
 */
export interface Encoder {
  /** Names the model and its settings; stored in the run, so that a run is never searched with another encoder. */
  readonly id: string;
  /** Length of the vectors. */
  readonly dim: number;
  /** `texts` -> [texts.length, dim], each row of unit length. Must be deterministic. */
  encode(texts: readonly string[], control?: RunControl): Promise<Matrix>;
  /**
   * `items` -> [items.length, dim], into the same space, for models that encode items otherwise than queries: with another prefix,
   * or their pictures. Absent: `encode` of their texts.
   */
  encodeItems?(items: readonly ItemContent[], control?: RunControl): Promise<Matrix>;
  /** What encoding these will cost, in words that are told before it starts; undefined: nothing worth telling. */
  cost?(work: EncodingWork): Promise<string | undefined>;
  /** Whether any word of the text is known; absent where the encoder cannot tell. */
  knows?(text: string): boolean;
  /** How much of a text the encoder can read; absent where it cannot tell. */
  reads?(text: string): TextReading;
  /** Frees native memory, where it holds any; also of an encoder it wraps. Twice is as good as once. */
  release?(): Promise<void>;
}

/** Texts and items that are about to be encoded. */
export interface EncodingWork {
  readonly queries: readonly string[];
  readonly items: readonly ItemContent[];
}

/** Encodes items, as items where the encoder makes a difference. */
export function encodeItems(
  encoder: Encoder,
  items: readonly ItemContent[],
  control?: RunControl,
): Promise<Matrix> {
  if (encoder.encodeItems) return encoder.encodeItems(items, control);
  return encoder.encode(
    items.map(({ text }) => text),
    control,
  );
}

/** An encoder that must know the catalog's texts before it can encode, for instance which words are common there. */
export interface CatalogEncoder {
  readonly id: string;
  /** As of an `Encoder`; before it has seen the catalog. */
  reads?(text: string): TextReading;
  /** Learns what it needs of the catalog. */
  fitTo(texts: readonly string[], control?: RunControl): Promise<FittedEncoder>;
  /**
   * The encoder which a fit of the state `state` was, to the bit.
   *
   * @throws {InputError} when it is no such state
   */
  restore(state: unknown): Encoder;
}

export interface FittedEncoder {
  readonly encoder: Encoder;
  /** What the encoder knows of the catalog, as plain JSON data; never undefined. */
  readonly state: unknown;
}

/** Encoders whose vectors make one space together, side by side. */
export interface EncoderParts {
  /** Stored in the run, like that of an encoder. */
  readonly id: string;
  readonly parts: readonly (Encoder | CatalogEncoder)[];
}

/** The parts of what may be a single encoder. */
export const partsOf = (encoder: Encoder | EncoderParts): EncoderParts['parts'] =>
  'encode' in encoder ? [encoder] : encoder.parts;
