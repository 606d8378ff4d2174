/** What a request for a set may say. */
import type { Filters } from '../catalog/filter/filter.js';
import { describeMask } from '../catalog/filter/filterPlan.js';
import type { FilterTable } from '../catalog/filter/filterTable.js';
import type { Item } from '../catalog/item.js';
import { rowsWithIds } from '../catalog/itemKeys.js';
import { InputError } from '../errors.js';
import type { GroupLimit } from './assign.js';
import { type CatalogContent, candidateMask } from './candidates.js';
import { groupsOf } from './groups.js';
import type { FindOptions, MethodSpace } from './method.js';
import { ASKABLE_METHODS, type AskableMethod, AUTO, METHOD_NAMES, type Method } from './methodNames.js';
import { METHODS } from './methods.js';

/** More items than this are a result list, not a set. */
export const MAX_K = 100;
/** More denoising steps than this only cost time, and would hold up every other request of a service. */
export const MAX_STEPS = 256;
/** Items that may be passed over. */
export const MAX_OFFSET = 1000;

/** At most `max` items with the same value of a field. */
export interface Distinct {
  /** `category`, or a field of the metadata. */
  readonly field: string;
  /** Items a value (1). */
  readonly max?: number;
}

/** What a request may say, in every place where sets can be asked for. */
export interface SetRequest {
  /** Items wanted (the run's k). */
  readonly k?: number;
  /** How to search (`auto`: what did best on the run's validation queries; `plain` until the compilation has compared them). */
  readonly method?: AskableMethod;
  /** Only items which pass, all of several, e.g. `'price<50'` or `{ field: 'color', op: '=', value: 'red' }`. */
  readonly filter?: Filters;
  /**
   * 0 = only what fits best, 1 = as different as the method can (what validation chose). Only for methods that can: see
   * `METHOD_INFO`.
   */
  readonly diversity?: number;
  /** At most one item (or `max`) for each value of a field; items without the field are not limited. */
  readonly distinct?: string | Distinct;
  /** Ids of items that are not wanted, nor others of the same text (but for case and white space), whatever their vectors. */
  readonly exclude?: readonly string[];
  /** Items passed over before the set begins: more like this set (0). */
  readonly offset?: number;
  /** Items whose cosine to the query is less are left out, -1 to 1 (all are kept): also those that complement it without being like it. */
  readonly minScore?: number;
  /** Denoising steps of the diffusion model (the run's default). */
  readonly steps?: number;
  /** The same seed gives the same set (0). */
  readonly seed?: number;
}

/** What rows are chosen by: the catalog, its fields, and which rows are still there (one byte each; all). */
export interface CatalogRows extends CatalogContent {
  readonly filters: FilterTable;
  readonly alive?: Uint8Array;
}

/**
 * The rows that a request may get; undefined where it may get all.
 *
 * @param among ids of the only items that may be chosen (all)
 * @throws InputError for a filter that is none, or that nothing of its field could satisfy
 */
export function passingRows(
  { items, vectors, filters, alive }: CatalogRows,
  { filter = [], exclude }: Pick<SetRequest, 'filter' | 'exclude'>,
  among?: Iterable<string>,
): Uint8Array | undefined {
  const passing = Array.isArray(filter) && filter.length === 0 ? undefined : filters.mask(filter);
  const named = among && maskOf(items, among);
  const masks = [passing, alive, named].filter((mask) => mask !== undefined);
  const mask = masks.length > 1 ? masks.reduce((a, b) => a.map((byte, row) => byte & b[row])) : masks[0];
  const rows = candidateMask({ items, vectors }, { mask, exclude });
  return passing && rows ? describeMask(rows, () => filters.plan(filter)) : rows;
}

function maskOf(items: readonly Item[], ids: Iterable<string>): Uint8Array {
  const mask = new Uint8Array(items.length);
  for (const row of rowsWithIds(items, ids)) mask[row] = 1;
  return mask;
}

/** How many items pass the filter of a request, where it has one: `SearchResult.passing`. */
export function passingItems({ mask, filtered }: FindOptions): { readonly passing?: number } {
  return mask && filtered ? { passing: mask.reduce((sum, byte) => sum + byte, 0) } : {};
}

/** The part of a request that finding sets reads. */
export function findOptionsOf(
  space: Pick<MethodSpace, 'k' | 'items'> & Pick<CatalogRows, 'filters'>,
  { k = space.k, offset, filter = [], distinct, diversity, steps, seed }: SetRequest,
  mask: Uint8Array | undefined,
): FindOptions {
  const groups = distinct === undefined ? undefined : groupLimit(space, distinct);
  const filtered = !Array.isArray(filter) || filter.length > 0;
  return { k, offset, mask, filtered, groups, diversity, steps, seed };
}

/** @throws InputError for a field that no item has; it may be named as in filters */
function groupLimit(
  { items, filters }: Pick<CatalogRows, 'items' | 'filters'>,
  distinct: string | Distinct,
): GroupLimit {
  const { field, max = 1 } = typeof distinct === 'string' ? { field: distinct } : distinct;
  checkRange('distinct.max', max, 1, MAX_K);
  try {
    return { of: groupsOf(items, filters.nameOf(field)), most: max };
  } catch (error) {
    if (error instanceof InputError) throw new InputError(error.message, { field: 'distinct' });
    throw error;
  }
}

/** The method that a request means. */
export const meantMethod = ({ usual }: Pick<MethodSpace, 'usual'>, asked: AskableMethod = AUTO): Method =>
  asked === AUTO ? usual : asked;

/** @throws InputError naming the option */
export function checkRequest({
  k,
  method,
  steps,
  offset,
  diversity,
  minScore,
}: SetRequest & { readonly method: Method }): void {
  if (!METHOD_NAMES.includes(method))
    throw new InputError(`is "${method}"; use one of ${ASKABLE_METHODS.join(', ')}`, { field: 'method' });
  if (k !== undefined) checkRange('k', k, 1, MAX_K);
  if (steps !== undefined) checkRange('steps', steps, 1, MAX_STEPS);
  if (offset !== undefined) checkRange('offset', offset, 0, MAX_OFFSET);
  if (minScore !== undefined) checkNumber('minScore', minScore, -1);
  if (diversity === undefined) return;
  checkNumber('diversity', diversity, 0);
  if (METHODS[method].setting?.name !== 'diversity') {
    const able = METHOD_NAMES.filter((name) => METHODS[name].setting?.name === 'diversity');
    throw new InputError(`cannot be set for ${method}; use one of ${able.join(', ')}`, {
      field: 'diversity',
    });
  }
}

function checkRange(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new InputError(`must be a whole number from ${least} to ${most}, got ${value}`, { field });
}

function checkNumber(field: string, value: number, least: number): void {
  if (value >= least && value <= 1) return;
  throw new InputError(`must be a number from ${least} to 1, got ${value}`, { field });
}
