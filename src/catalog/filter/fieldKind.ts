/** What a field is, decided once from its values. */
import { evenly } from '../../evenly.js';
import type { Scalar } from './filter.js';
import { type NumberFormat, numberFormat, PLAIN_FORMAT, readBoolean, readDate } from './values.js';

/** What the values of a field are. */
export type FieldKind = 'number' | 'date' | 'boolean' | 'text';

export interface KindOfField {
  readonly kind: FieldKind;
  /** How its numbers are written. */
  readonly format: NumberFormat;
}

export const TEXT: KindOfField = { kind: 'text', format: PLAIN_FORMAT };

/** A field is of numbers or dates if this share of its different values is; the others are compared as texts only. */
const TYPED_SHARE = 0.8;
/** Different values that are looked at, evenly over the catalog. */
const SAMPLE = 10_000;

/** @param all the different values of the field */
export function kindOf(all: readonly Scalar[]): KindOfField {
  const values = evenly(all, SAMPLE);
  if (values.length === 0) return TEXT;
  const texts = values.filter((value) => typeof value === 'string');
  const numbers = values.filter((value) => typeof value === 'number').length;
  const enough = TYPED_SHARE * values.length;
  const { format, count } = numberFormat(texts);
  if (numbers + count >= enough) return { kind: 'number', format };
  if (texts.filter((text) => readDate(text) !== undefined).length >= enough) return { ...TEXT, kind: 'date' };
  if (values.every((value) => typeof value === 'boolean' || readBoolean(String(value)) !== undefined))
    return { ...TEXT, kind: 'boolean' };
  return TEXT;
}
