import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { type CatalogFields, FieldReader } from './fields.js';
import type { Item } from './item.js';
import { readRecords } from './records.js';
import { fieldText } from './template.js';
import { VectorCollector } from './vectors.js';

/** The items of a catalog file, in its order; an item's place is its row number everywhere. */
export interface Catalog {
  readonly items: readonly Item[];
  /** Precomputed vectors, [items, length], unit rows; absent if the file has none. */
  readonly vectors?: Matrix;
  /** Row number by item id. */
  readonly rowOf: ReadonlyMap<string, number>;
}

export interface LoadCatalogOptions extends CatalogFields, RunControl {}

/** Items between two progress reports. */
const REPORT_EVERY = 10_000;

/**
 * Reads a catalog file (see `readRecords` for the formats), streaming: the records themselves are not kept.
 *
 * An item's metadata are the record's other plain values (strings, numbers, booleans, flat lists). The title is not
 * repeated there, nor is a field of the text template whose value is longer than 200 characters.
 *
 * @throws InputError naming file, line and field: an item without id or text, an id used twice, a vector that is
 *   missing, not finite, zero or of another length; a field the options name but no record has; no items at all
 *
 * @example
 * const { items, rowOf } = await loadCatalog('catalog.jsonl', { text: '{title}. {category}' });
 */
export async function loadCatalog(file: string, options: LoadCatalogOptions = {}): Promise<Catalog> {
  const { signal, onProgress } = options;
  const reader = new FieldReader(options);
  const items: Item[] = [];
  const lines: number[] = [];
  const rowOf = new Map<string, number>();
  const vectors = new VectorCollector();
  const categories = new Map<string, string>();
  const known = new Set<string>();
  let fraction = 0;
  const onRead = (share: number) => {
    fraction = share;
  };

  for await (const { record, line } of readRecords(file, { signal, onRead })) {
    const row = items.length;
    for (const name in record) known.add(name);
    reader.see(record);

    const id = readId(record[reader.id], { file, line, field: reader.id });
    const earlier = rowOf.get(id);
    if (earlier !== undefined) {
      throw new InputError(
        `"${id}" is already the id of line ${lines[earlier]}; give every item its own id`,
        { file, line, field: reader.id },
      );
    }
    const text = reader.text(record, { file, line });
    const title = reader.title(record, text);
    const category = fieldText(record[reader.category]);
    const image = fieldText(record[reader.image]);
    const vector = record[reader.vector] ?? '';
    if (row > 0 && (vector === '') === vectors.rows > 0) {
      throw new InputError(
        `is missing on line ${vector === '' ? line : lines[0]}; give every item a vector, or none`,
        { file, line, field: reader.vector },
      );
    }
    if (vector !== '') vectors.add(vector, { file, line, field: reader.vector });

    rowOf.set(id, row);
    lines.push(line);
    items.push({
      id,
      text,
      title,
      ...(category !== '' && { category: intern(categories, category) }),
      ...(image !== '' && { image }),
      metadata: reader.metadata(record, title, text),
    });
    if (items.length % REPORT_EVERY === 0 && fraction > 0) {
      const total = Math.max(items.length, Math.round(items.length / fraction));
      onProgress?.({ stage: 'catalog', done: items.length, total });
    }
  }

  if (items.length === 0) throw new InputError('has no items', { file });
  reader.checkSeen(file, known);
  onProgress?.({ stage: 'catalog', done: items.length, total: items.length });
  return { items, rowOf, ...(vectors.rows > 0 && { vectors: vectors.finish() }) };
}

/**
 * An id as a string; numbers are written out.
 *
 * @throws InputError if there is none
 */
export function readId(value: unknown, location: { file: string; line: number; field: string }): string {
  const id = typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() : '';
  if (id !== '' && id !== 'NaN') return id;
  const problem =
    value === undefined || value === null || value === '' ? 'is missing' : 'is not a string or number';
  throw new InputError(`${problem}; give every item an id`, location);
}

/** One string object for equal values: categories repeat by the thousand. */
function intern(pool: Map<string, string>, value: string): string {
  const known = pool.get(value);
  if (known !== undefined) return known;
  pool.set(value, value);
  return value;
}
