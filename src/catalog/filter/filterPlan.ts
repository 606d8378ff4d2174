/** A filter in the terms that items are stored with in a search engine: what engines' own filters are compiled from. */
import { hexHash } from '../hash.js';
import type { Column } from './column.js';
import type { ValueTest } from './condition.js';

/**
 * Conditions on an item's terms (see {@link termOf}) and numbers. What a filter says of texts, paths, money and dates is worked out
 * over the different values of the catalog when the plan is made, so that every engine need know no more than this.
 */
export type FilterPlan =
  | { readonly op: 'and' | 'or'; readonly of: readonly FilterPlan[] }
  | { readonly op: 'not'; readonly of: FilterPlan }
  /** Some term of the item is one of these; of none: no item. */
  | { readonly op: 'any'; readonly terms: readonly string[] }
  /** The item's number of this field lies here, both ends included; an item without one does not pass. */
  | { readonly op: 'range'; readonly field: string; readonly from: number; readonly to: number }
  /** Too many values to name: only the mask knows. */
  | { readonly op: 'unknown' };

/** Longer keys are shortened to their beginning and a hash: engines limit what they index. */
const LONG = 200;
/** Values that are named one by one; of more only the mask knows. */
export const MAX_TERMS = 2000;

/**
 * What an item is found by in an engine: `color=red` for a value by its key, `color` for having any.
 *
 * @example
 * termOf('color', 'dark red'); // 'color=dark red'
 */
export function termOf(field: string, key?: string): string {
  const name = field.replace(/[\\=]/g, '\\$&');
  if (key === undefined) return name;
  if (key.length <= LONG) return `${name}=${key}`;
  return `${name}=${key.slice(0, LONG - 40)}…${hexHash(key)}`;
}

/** Whether a field's numbers are stored as such: one an item, and none that a float would round. */
export const hasNumbers = ({ kind, isList, typed }: Column): boolean =>
  (kind === 'number' || kind === 'date') && !isList && !typed.some((value) => typeof value === 'bigint');

/** The plan of one condition: the values that pass it as a range of numbers where they are one, else one by one. */
export function conditionPlan(field: string, column: Column, test: ValueTest): FilterPlan {
  const passing = [...column.values.keys()].filter(test);
  if (hasNumbers(column) && passing.length > 1) {
    const range = rangeOf(column, passing, test);
    if (range) return { op: 'range', field, ...range };
  }
  if (passing.length > MAX_TERMS) return { op: 'unknown' };
  return { op: 'any', terms: [...new Set(passing.map((place) => termOf(field, column.keys[place])))] };
}

/** From the least to the greatest number that passes, if all between them do and nothing else does. */
function rangeOf(
  { typed }: Column,
  passing: readonly number[],
  test: ValueTest,
): { from: number; to: number } | undefined {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const place of passing) {
    const value = typed[place];
    if (typeof value !== 'number') return undefined;
    from = Math.min(from, value);
    to = Math.max(to, value);
  }
  const isWhole = typed.every(
    (value, place) => typeof value !== 'number' || value < from || value > to || test(place),
  );
  return isWhole ? { from, to } : undefined;
}

/** What a mask was made of: every row that the mask passes passes the plan, too. */
const plans = new WeakMap<Uint8Array, () => FilterPlan>();

/** Notes what filter a mask was made by; worked out when an engine asks. Masks of fewer rows may take it over. */
export function describeMask(mask: Uint8Array, plan: (() => FilterPlan) | undefined): Uint8Array {
  if (plan) {
    let made: FilterPlan | undefined;
    plans.set(mask, () => {
      made ??= plan();
      return made;
    });
  }
  return mask;
}

/** The plan of a mask, where it was made by a filter. */
export const planOfMask = (mask: Uint8Array): (() => FilterPlan) | undefined => plans.get(mask);
