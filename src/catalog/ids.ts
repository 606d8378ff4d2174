import { InputError } from '../errors.js';

/** The id of a record as a list of one, or of none. */
export const idsOf = (value: unknown): string[] => {
  const id = idText(value);
  return id === '' ? [] : [id];
};

/** An id as a text, numbers written out; empty if it is none. */
export function idText(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return typeof value === 'string' ? value.trim() : '';
}

/**
 * An id as a string; numbers are written out.
 *
 * @throws InputError if there is none
 */
export function readId(value: unknown, location: { file: string; line: number; field: string }): string {
  const id = idText(value);
  if (id !== '') return id;
  const isMissing = value === undefined || value === null || value === '';
  throw new InputError(
    `${isMissing ? 'is missing' : 'is not a string or number'}; give every item an id`,
    location,
  );
}
