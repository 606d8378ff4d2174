import * as z from 'zod';
import type { Item } from '../catalog/item.js';
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { anyFunction, type Expected, loadUserModule } from '../userModule.js';
import type { VectorIndex } from './vectorIndex.js';

/** What the function of an index module is given. */
export interface IndexModuleOptions extends RuntimeOptions {
  /** Unit rows [items, d], in the order of the items. */
  readonly vectors: Matrix;
  readonly items: readonly Item[];
  readonly signal?: AbortSignal;
}

const INDEX: Expected = {
  what: 'an index',
  advice: 'export default async ({ vectors, items }) => ({ size, dim, search })',
  shape: z.object({ size: z.int().min(0), dim: z.int().positive(), search: anyFunction }),
};

/**
 * The index of a module of the user's, over these vectors.
 *
 * @throws InputError if the module is missing, does not run, exports something else, or indexes other vectors
 */
export async function loadModuleIndex(file: string, options: IndexModuleOptions): Promise<VectorIndex> {
  const index = await loadUserModule<VectorIndex>(file, INDEX, [options]);
  const { rows, cols } = options.vectors;
  if (index.size === rows && index.dim === cols) return index;
  throw new InputError(
    `holds ${index.size} vectors of length ${index.dim}, the catalog has ${rows} of length ${cols}; index the vectors it is given`,
    { file },
  );
}
