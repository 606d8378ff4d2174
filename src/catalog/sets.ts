import { InputError } from '../errors.js';
import { type Catalog, readId } from './catalog.js';
import type { Split } from './item.js';
import type { ReadOptions } from './lines.js';
import { validateQuery } from './queries.js';
import { type DataRecord, readRecords } from './records.js';
import { readSplit } from './split.js';
import { fieldText } from './template.js';

/** A reference set: items somebody put together, with or without the query it answers. */
export interface SetRecord {
  /** The record's `id` or `outfit`. */
  readonly id?: string;
  readonly query?: string;
  /** What its maker calls it. */
  readonly title?: string;
  /** Row numbers in the catalog, each once, in the order of the file. */
  readonly items: readonly number[];
  readonly split: Split;
}

/**
 * Reads reference sets: records with `items` (a list of item ids; in CSV separated by `|`) and perhaps `query`, `id` (or
 * `outfit`), `title` and `split`. A set without a split gets it by `splitOf` its query, else its id, else its items.
 *
 * @throws InputError naming file, line and field: no items, an item which is not in the catalog, a bad query or split
 */
export async function loadSets(
  file: string,
  catalog: Catalog,
  options: ReadOptions = {},
): Promise<SetRecord[]> {
  const sets: SetRecord[] = [];
  for await (const { record, line } of readRecords(file, options)) {
    const ids = readIds(record, file, line);
    const items = ids.map((id) => {
      const row = catalog.rowOf.get(id);
      if (row !== undefined) return row;
      throw new InputError(`"${id}" is not in the catalog; drop it or add the item`, {
        file,
        line,
        field: 'items',
      });
    });
    const hasQuery = record.query !== undefined && record.query !== null;
    const query = hasQuery ? validateQuery(record.query, { file, line }) : undefined;
    const field = record.id === undefined ? 'outfit' : 'id';
    const id = record[field] === undefined ? undefined : readId(record[field], { file, line, field });
    const title = fieldText(record.title);
    sets.push({
      ...(id !== undefined && { id }),
      ...(query !== undefined && { query }),
      ...(title !== '' && { title }),
      items: [...new Set(items)],
      split: readSplit(record.split, query ?? id ?? ids.join('|'), { file, line }),
    });
  }
  if (sets.length === 0) throw new InputError('has no sets', { file });
  return sets;
}

function readIds(record: DataRecord, file: string, line: number): string[] {
  const location = { file, line, field: 'items' };
  const { items } = record;
  const list = typeof items === 'string' ? items.split('|').filter((id) => id.trim() !== '') : items;
  if (!Array.isArray(list)) {
    throw new InputError(
      `${items === undefined ? 'is missing' : 'is no list'}; give every set a list of item ids`,
      location,
    );
  }
  if (list.length === 0) throw new InputError('is empty; give the set items or drop the line', location);
  return list.map((id) => readId(id, location));
}
