/** How a large catalog is cut: what is stored, and searched, at a time. */
import { GROUP } from './codedBlock.js';

/** Values of a block: 2^25, which is 128 MB of floats. */
export const BLOCK_VALUES = 2 ** 25;

/** Rows of a catalog as [start, end), in as few blocks as can be, about equally many in each. */
export function blocksOf(size: number, dim: number, blockValues = BLOCK_VALUES): [number, number][] {
  const count = Math.ceil((size * dim) / blockValues);
  const even = Math.max(1, Math.ceil(size / count));
  // In whole groups, where that does not make blocks too large.
  const grouped = Math.ceil(even / GROUP) * GROUP;
  const step = count > 1 && grouped * dim <= blockValues ? grouped : even;
  return Array.from({ length: Math.ceil(size / step) }, (_, i) => [i * step, Math.min((i + 1) * step, size)]);
}
