import { createHash } from 'node:crypto';
import { InputError, type InputLocation } from '../errors.js';
import type { Split } from './item.js';
import { normalizeKey } from './normalizeKey.js';

const SPLITS: Readonly<Record<string, Split>> = {
  train: 'train',
  valid: 'valid',
  val: 'valid',
  validation: 'valid',
  dev: 'valid',
  test: 'test',
};

/**
 * The split of a record which names none: 8 : 1 : 1 by a hash of its key, so that it depends neither on the order of
 * the file nor on the other records, and equal queries never stand on both sides.
 */
export function splitOf(key: string): Split {
  const bucket = createHash('sha256').update(normalizeKey(key)).digest().readUInt32LE(0) % 10;
  return bucket < 8 ? 'train' : bucket === 8 ? 'valid' : 'test';
}

/**
 * The split a record names, else `splitOf(key)`.
 *
 * @throws InputError if it names another than `train`, `valid` (`val`, `validation`, `dev`) or `test`
 */
export function readSplit(value: unknown, key: string, location: InputLocation): Split {
  if (value === undefined || value === null || value === '') return splitOf(key);
  if (typeof value === 'string' && Object.hasOwn(SPLITS, value.trim().toLowerCase())) {
    return SPLITS[value.trim().toLowerCase()];
  }
  throw new InputError(`is ${JSON.stringify(value)}; expected train, valid or test`, {
    ...location,
    field: 'split',
  });
}

/**
 * Where splits were given by chance and none is for training, as with a single query, all of these are: something must be learned from.
 */
export function giveTraining<T extends { readonly split: Split }>(
  records: readonly (T & { readonly hasSplit: boolean })[],
): T[] {
  const hasTraining = records.some(({ split }) => split === 'train');
  return records.map(({ hasSplit, ...record }) => {
    const kept = record as unknown as T;
    return hasTraining || hasSplit ? kept : { ...kept, split: 'train' };
  });
}
