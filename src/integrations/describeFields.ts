/** A catalog's filters for a language model: the grammar, and every field with what it holds. */
import type { FieldInfo } from '../catalog/filter/fieldInfo.js';

/** Values that are named of a field. */
const NAMED = 12;
/** Values that need no quotes in a filter. */
const PLAIN = /^[\p{L}\p{N}_.-]+(?: [\p{L}\p{N}_.-]+)*$/u;
const KEYWORD = /\b(and|or|not|in|is|between)\b/i;

/** The grammar in one line; see docs/filters.md for all of it. */
export const GRAMMAR =
  'Conditions joined by AND, OR, NOT and parentheses: field=value, field!=value, field IN (a, b), field<9, field>=9, field 10..20, field~part of a text, field IS MISSING.';

/** A value as a filter writes it. */
export function quoted(value: string | number | boolean): string {
  const text = String(value);
  if (typeof value !== 'string' || (PLAIN.test(text) && !KEYWORD.test(text))) return text;
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

/** Filters over a field that some item passes. */
export function examplesOf({ name, kind, values, range, example }: FieldInfo): string[] {
  const field = quoted(name);
  const [first, second] = values?.map(({ value }) => quoted(value)) ?? [];
  if (kind === 'number' || kind === 'date') {
    if (!range) return [];
    const [least, greatest] = range.map(quoted);
    return [
      `${field}<=${greatest}`,
      `${field} ${kind === 'date' ? `BETWEEN ${least} AND ${greatest}` : `${least}..${greatest}`}`,
    ];
  }
  if (first === undefined) return example === undefined ? [] : [`${field}=${quoted(example)}`];
  return [`${field}=${first}`, ...(second === undefined ? [] : [`${field} IN (${first}, ${second})`])];
}

/** Grammar and fields as a text. */
export function describeFields(fields: readonly FieldInfo[]): string {
  if (fields.length === 0) return 'The items have no fields besides id, title and text.';
  return `${GRAMMAR} Fields: ${fields.map(describe).join('; ')}.`;
}

function describe({ name, kind, unit, isList, values, range, example }: FieldInfo): string {
  const what = [kind, ...(isList ? ['several values'] : []), ...(unit === undefined ? [] : [unit])].join(
    ', ',
  );
  const named = values?.slice(0, NAMED).map(({ value }) => quoted(value));
  const more = values && values.length > NAMED ? ' …' : '';
  const holds = range
    ? ` from ${range[0]} to ${range[1]}`
    : named
      ? `: ${named.join(', ')}${more}`
      : example === undefined
        ? ''
        : `, e.g. ${quoted(example)}`;
  return `${quoted(name)} (${what})${holds}`;
}
