import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { type CatalogReport, CatalogRows, type LoadCatalogOptions } from './catalogRows.js';
import type { PlainRecord } from './cleanRecord.js';
import type { CatalogFields, FieldReader } from './fields.js';
import { readId } from './ids.js';
import type { Item } from './item.js';
import { type CatalogSource, openSource } from './source.js';
import type { Merged } from './variants.js';
import { VectorCollector } from './vectors.js';

/** The items of a catalog, in its order; an item's place is its row number everywhere. */
export interface Catalog {
  readonly items: readonly Item[];
  /** Precomputed vectors, [items, length], unit rows; absent if the file has none. */
  readonly vectors?: Matrix;
  /** Row number by item id, and by the ids of its variants. */
  readonly rowOf: ReadonlyMap<string, number>;
  /** The fields that make an item: those that were named, and those that were found. */
  readonly fields: CatalogFields;
  readonly report: CatalogReport;
}

/** Items between two progress reports. */
const REPORT_EVERY = 10_000;
/**
 * Reads a catalog (see `openSource` for what can be one), streaming: the records themselves are not kept, but where variants are
 * joined. Bad rows are passed over and counted: those that cannot be parsed, have no id or text, an id that another has, or a vector
 * that is missing or not like the others.
 *
 * An item's metadata are the record's other values, see `cleanRecord`. The title is not repeated there, nor is a field of the text
 * template whose value is longer than 200 characters.
 *
 * @throws InputError naming file, line and field: no items at all; a field the options name but no record has; no field that is an id;
 *   with `strict` the first bad row
 *
 * @example
 * const { items, report } = await loadCatalog('catalog.jsonl', { text: '{title}. {category}' });
 */
export async function loadCatalog(
  given: string | readonly string[] | CatalogSource,
  options: LoadCatalogOptions = {},
): Promise<Catalog> {
  const isOpen = typeof given === 'object' && 'records' in given;
  const source = isOpen ? given : await openSource(given, options);
  try {
    return await readCatalog(source, options);
  } finally {
    if (!isOpen) await source.close?.();
  }
}

async function readCatalog(source: CatalogSource, options: LoadCatalogOptions): Promise<Catalog> {
  const { onProgress } = options;
  const rows = await CatalogRows.open(source, options);
  const collector = new ItemCollector(rows.reader, rows.first);
  for await (const row of rows) {
    rows.attempt(() => collector.add(row));
    const done = collector.items.length;
    if (done % REPORT_EVERY === 0 && done > 0 && rows.fraction > 0) {
      onProgress?.({ stage: 'catalog', done, total: Math.max(done, Math.round(done / rows.fraction)) });
    }
  }
  const { items, rowOf, vectors } = collector;
  const report = rows.report(items.length);
  onProgress?.({ stage: 'catalog', done: items.length, total: items.length });
  return {
    items,
    rowOf,
    ...(vectors.rows > 0 && { vectors: vectors.finish() }),
    fields: rows.fields,
    report,
  };
}

/** Makes items of records, one after another. */
class ItemCollector {
  readonly items: Item[] = [];
  readonly rowOf = new Map<string, number>();
  readonly vectors = new VectorCollector();
  readonly #places: string[] = [];
  readonly #lines: number[] = [];
  readonly #categories = new Map<string, string>();
  readonly #hasVectors: boolean;

  readonly #reader: FieldReader;

  constructor(reader: FieldReader, first: readonly PlainRecord[]) {
    this.#reader = reader;
    const given = first.filter((record) => hasVector(record, reader)).length;
    this.#hasVectors = 2 * given > first.length || (given > 0 && hasVector(first[0], reader));
  }

  /** @throws InputError for a record that is no item; nothing is changed then */
  add({ record, file, line, ids }: Merged): void {
    const { rowOf } = this;
    const reader = this.#reader;
    const id = readId(record[reader.id], { file, line, field: reader.id });
    const earlier = rowOf.get(id);
    if (earlier !== undefined) {
      const place = `${this.#places[earlier] === file ? '' : `${this.#places[earlier]}, `}line ${this.#lines[earlier]}`;
      throw new InputError(
        `"${id}" is already the id of ${place}; give every item its own id, or join variants by catalog.group`,
        { file, line, field: reader.id },
      );
    }
    const text = reader.text(record, { file, line });
    const title = reader.title(record, text);
    const category = reader.category(record);
    const image = reader.image(record);
    if (hasVector(record, reader) !== this.#hasVectors) {
      const problem = this.#hasVectors ? 'is missing' : 'is missing in the rows before';
      throw new InputError(`${problem}; give every item a vector, or none`, {
        file,
        line,
        field: reader.vector,
      });
    }
    if (this.#hasVectors) this.vectors.add(record[reader.vector], { file, line, field: reader.vector });

    const row = this.items.length;
    for (const name of [id, ...ids]) if (!rowOf.has(name)) rowOf.set(name, row);
    this.#places.push(file);
    this.#lines.push(line);
    this.items.push({
      id,
      text,
      title,
      ...(category !== '' && { category: intern(this.#categories, category) }),
      ...(image !== '' && { image }),
      metadata: {
        ...reader.metadata(record, title, text),
        // A filter by the id of any variant finds the item.
        ...(ids.length > 1 && { [reader.id]: ids }),
      },
    });
  }
}

const hasVector = (record: PlainRecord, { vector }: FieldReader): boolean => {
  const value = record[vector];
  return value !== undefined && value !== null && value !== '';
};

/** One string object for equal values: categories repeat by the thousand. */
function intern(pool: Map<string, string>, value: string): string {
  const known = pool.get(value);
  if (known !== undefined) return known;
  pool.set(value, value);
  return value;
}
