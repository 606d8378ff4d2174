import { InputError, type InputLocation } from '../errors.js';

/** A query must be shorter than this, in characters. */
export const MAX_QUERY_LENGTH = 10_000;

/**
 * Checks a query and trims it.
 *
 * @throws InputError if it is no text, is empty or has `MAX_QUERY_LENGTH` characters or more
 */
export function validateQuery(query: unknown, location: InputLocation = {}): string {
  const at = { ...location, field: location.field ?? 'query' };
  if (typeof query !== 'string') throw new InputError('is not a text; write what to search for', at);
  const text = query.trim();
  if (text === '') throw new InputError('is empty; write what to search for', at);
  if (text.length >= MAX_QUERY_LENGTH) {
    throw new InputError(
      `has ${text.length} characters; make it shorter than ${MAX_QUERY_LENGTH.toLocaleString('en')}`,
      at,
    );
  }
  return text;
}
