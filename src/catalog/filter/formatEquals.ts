import type { FilterOperator } from './filter.js';

/** What stands for itself in a filter, as a name of a field or as a value. */
const PLAIN =
  /^(?!.*(?:\.\.|(?:^|\s)(?:and|or|not|in|is|between)(?:\s|$)))[^\s=<>~()|!,"'\\](?:[^=<>~()|!,\\]*[^\s=<>~()|!,\\])?$/is;

/**
 * The filter that a field equals a value, with quotes where it needs them.
 *
 * @example
 * formatEquals('category', 'Home > Garden'); // category="Home > Garden"
 */
export function formatEquals(field: string, value: string | number | boolean): string {
  return formatCondition(field, '=', value);
}

/** The same with another operator. */
export function formatCondition(field: string, op: FilterOperator, value: string | number | boolean): string {
  return `${formatted(field)}${op}${formatted(String(value))}`;
}

/** A name or value as it is written in a filter. */
export const formatted = (text: string): string =>
  PLAIN.test(text) ? text : `"${text.replace(/["\\]/g, '\\$&')}"`;
