/** How much of a catalog is held in memory. */
import { totalmem } from 'node:os';
import { getHeapStatistics } from 'node:v8';
import { InputError } from './errors.js';

/** The share of the machine's memory, or of what a container may have, that vectors and their index may take. */
const SHARE = 1 / 4;
/** Of that, and of the JavaScript heap, what items may take. */
const [ITEMS_SHARE, HEAP_SHARE] = [1 / 2, 1 / 4];
/** Says how much instead, in MB. */
export const MEMORY_VARIABLE = 'R4T_CATALOG_MEMORY';

/** Bytes of this machine, or what a container may have of them. */
export const machineMemory = (): number =>
  Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY);

/**
 * Bytes that the vectors of a catalog and their index may take; what is more stays on disk.
 *
 * @throws InputError if R4T_CATALOG_MEMORY is no number
 */
export function memoryForVectors(): number {
  const set = process.env[MEMORY_VARIABLE];
  if (set === undefined || set === '') return SHARE * machineMemory();
  const megabytes = Number(set);
  if (megabytes >= 0) return megabytes * 2 ** 20;
  throw new InputError(`is "${set}"; give the megabytes of memory that a catalog may take`, {
    field: MEMORY_VARIABLE,
  });
}

/** Bytes that the items of a catalog may take, which lie in the JavaScript heap. */
export const memoryForItems = (): number =>
  Math.min(ITEMS_SHARE * memoryForVectors(), HEAP_SHARE * getHeapStatistics().heap_size_limit);

/** What an item takes in memory: an object, and its texts as long as in so many bytes of JSON. Measured: 270 for 187, 600 for 1,009. */
export const memoryOfItem = (jsonBytes: number): number => 200 + jsonBytes;
