import { hasNumbers, termOf } from '../../catalog/filter/filterPlan.js';
import type { FilterTable } from '../../catalog/filter/filterTable.js';
import type { Item } from '../../catalog/item.js';
import { row, type VectorTable } from '../../matrix.js';
import { type EngineDocument, numberName } from './searchEngine.js';

/** A catalog as engines hold it: what each item is found by is read from the fields once. */
export interface EngineCatalog {
  /** Fields with numbers, by `numberName`. */
  readonly numbers: readonly string[];
  /** Rows `start` to before `end`. */
  documents(start: number, end: number, version: string): EngineDocument[];
}

/** @param table over the same items */
export function engineCatalog(
  items: readonly Item[],
  vectors: VectorTable,
  table: FilterTable,
): EngineCatalog {
  const fields = table.names.map((name) => {
    const column = table.column(name);
    return { name, column, number: hasNumbers(column) ? numberName(name) : undefined };
  });
  const document = (i: number, version: string): EngineDocument => {
    const { id, title, text } = items[i];
    const terms = new Set<string>();
    const numbers: Record<string, number> = {};
    for (const { name, column, number } of fields) {
      const places = column.placesAt(i);
      if (places.length > 0) terms.add(termOf(name));
      for (const place of places) terms.add(termOf(name, column.keys[place]));
      const value = number === undefined ? undefined : column.typed[places[0]];
      if (number !== undefined && typeof value === 'number') numbers[number] = value;
    }
    return { id, vector: row(vectors, i), title, text, terms: [...terms], numbers, version };
  };
  return {
    numbers: fields.flatMap(({ number }) => number ?? []),
    documents: (start, end, version) =>
      Array.from({ length: Math.min(end, items.length) - start }, (_, i) => document(start + i, version)),
  };
}
