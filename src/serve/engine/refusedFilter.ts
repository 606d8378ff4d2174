/** Which filter of a request is wrong. */
import type { FilterInput, Filters } from '../../catalog/filter/filter.js';
import type { FilterTable } from '../../catalog/filter/filterTable.js';
import { InputError } from '../../errors.js';
import { problemOf } from '../http/problem.js';

/**
 * Does what reads filters; an error of theirs, which may name a field of the catalog, is told by its place in the request:
 * `filter`, or `filter[1]` in a list.
 */
export function refusingFilters<T>(filters: Filters | undefined, table: FilterTable, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const list = (Array.isArray(filters) ? filters : []) as readonly FilterInput[];
    const wrong = list.findIndex((filter) => problemIn(filter, table) !== undefined);
    const field = wrong < 0 ? 'filter' : `filter[${wrong}]`;
    const problem = error.field === 'filter' ? problemOf(error) : error.message;
    throw new InputError(problem, { field, column: error.column }, { cause: error });
  }
}

function problemIn(filter: FilterInput, table: FilterTable): InputError | undefined {
  try {
    table.mask(filter);
    return undefined;
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
