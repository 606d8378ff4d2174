export const FILTER_OPERATORS = ['=', '!=', '<', '<=', '>', '>=', '~'] as const;
export type FilterOperator = (typeof FILTER_OPERATORS)[number];
/** Every operator of a condition on a field. */
export const FIELD_OPERATORS = [...FILTER_OPERATORS, 'in', 'between', 'missing'] as const;
export type Scalar = string | number | boolean;

/**
 * One condition on an item:
 * - `=` and `in` equal one of the values, `!=` none of them (an item without the field is not equal); texts whatever their
 *   case and white space, an `id` exactly, a path by any of its steps or pieces
 * - `<` `<=` `>` `>=` and `between` (both ends included) compare numbers with numbers, dates with dates and other texts by
 *   their letters, whatever the case. A day, month or year means all of it; only `>2024` and `>2024-06` begin with its first moment
 * - `~` contains one of the values, whatever the case
 * - `missing` has no value: the field is absent, null, empty or a list of nothing
 *
 * A list passes if any of its members does.
 */
export type FieldFilter =
  | {
      /** `id`, `title`, `text`, `category`, `image` or a metadata field. */
      readonly field: string;
      readonly op: FilterOperator;
      /** One of several is enough. */
      readonly value: Scalar | readonly Scalar[];
    }
  | { readonly field: string; readonly op: 'in'; readonly value: readonly Scalar[] }
  | { readonly field: string; readonly op: 'between'; readonly value: readonly [Scalar, Scalar] }
  | { readonly field: string; readonly op: 'missing' };

/** Conditions joined; each may itself be a text such as `price<50`. */
export type Filter =
  | FieldFilter
  | { readonly and: readonly FilterInput[] }
  | { readonly or: readonly FilterInput[] }
  | { readonly not: FilterInput };

/** A filter as people write it: `color IN (red, blue) AND price<50`, or the same as an object. */
export type FilterInput = string | Filter;

/** One filter, or several of which all must pass. */
export type Filters = FilterInput | readonly FilterInput[];

/** Filters inside filters; more is a mistake or an attack. */
export const MAX_FILTER_DEPTH = 100;
/** Characters of a filter's text. */
export const MAX_FILTER_LENGTH = 10_000;
/** Each looks at every item. */
export const MAX_FILTER_CONDITIONS = 1000;
