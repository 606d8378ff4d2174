import { InputError } from '../../errors.js';
import { FIELD_OPERATORS, type Filter } from './filter.js';

/**
 * Checks the shape of a filter object, which comes from outside. What is nested in it is checked when its turn comes.
 *
 * @throws InputError that shows what was expected
 */
export function checkFilter(value: unknown): Filter {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrong(
      value,
      'a text such as price<50, or an object { field, op, value }, { and }, { or } or { not }',
    );
  }
  const { and, or, not, field, op, value: wanted } = value as Readonly<Record<string, unknown>>;
  for (const parts of [and, or]) {
    if (parts !== undefined && (!Array.isArray(parts) || parts.length === 0)) {
      throw wrong(value, `a list of filters in "${parts === and ? 'and' : 'or'}"`);
    }
  }
  if ((and ?? or ?? not) !== undefined) return value as Filter;
  if (typeof field !== 'string' || field === '') throw wrong(value, 'the name of a field in "field"');
  if (!(FIELD_OPERATORS as readonly unknown[]).includes(op)) {
    throw wrong(value, `one of ${FIELD_OPERATORS.join(' ')} in "op"`);
  }
  const values: readonly unknown[] = Array.isArray(wanted) ? wanted : [wanted];
  if (op === 'between' && !(Array.isArray(wanted) && wanted.length === 2)) {
    throw wrong(value, 'the least and the greatest in "value", e.g. [10, 20]');
  }
  if (op !== 'missing' && (values.length === 0 || !values.every(isScalar))) {
    const remedy = values.includes(null)
      ? '; for items without one write { "field": …, "op": "missing" }'
      : '';
    throw wrong(value, `a text, number or boolean in "value", or a list of them${remedy}`);
  }
  return value as Filter;
}

const isScalar = (value: unknown): boolean => ['string', 'number', 'boolean'].includes(typeof value);

function wrong(value: unknown, expected: string): InputError {
  let shown: string;
  try {
    shown = JSON.stringify(value)?.slice(0, 100) ?? String(value);
  } catch {
    // It holds itself.
    shown = 'the object';
  }
  return new InputError(`${shown} is not a filter; expected ${expected}`, { field: 'filter' });
}
