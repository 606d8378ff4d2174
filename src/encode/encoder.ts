import type { Item } from '../catalog/item.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';

/** What an encoder may see of an item. */
export type ItemContent = Pick<Item, 'text' | 'image'>;

/** Maps texts to unit vectors. Implement this to bring your own embedding model. */
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
