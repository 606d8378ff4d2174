import { InputError } from '../errors.js';
import { grown } from '../grown.js';
import type { VectorTable } from '../matrix.js';
import { type CatalogReport, CatalogRows, type LoadCatalogOptions } from './catalogRows.js';
import type { PlainRecord } from './cleanRecord.js';
import type { CatalogFields, FieldReader } from './fields.js';
import { readId } from './ids.js';
import type { Item } from './item.js';
import { ItemStore } from './itemStore.js';
import { type RowOf, RowsById } from './rowsById.js';
import { type CatalogSource, openSource } from './source.js';
import type { Merged } from './variants.js';
import { VectorCollector } from './vectors.js';

/** The items of a catalog, in its order; an item's place is its row number everywhere. */
export interface Catalog {
  readonly items: readonly Item[];
  /** Precomputed vectors, [items, length], unit rows; absent if the file has none. */
  readonly vectors?: VectorTable;
  /** Row number by item id, and by the ids of its variants. */
  readonly rowOf: RowOf;
  /** The fields that make an item: those that were named, and those that were found. */
  readonly fields: CatalogFields;
  readonly report: CatalogReport;
  /** Closes the files of what is not in memory, where there are any. */
  close(): void;
}

/** Where what does not fit in memory goes, until it is closed (nowhere: all is held). */
export interface ReadCatalogOptions extends LoadCatalogOptions {
  readonly spoolIn?: string;
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
  options: ReadCatalogOptions = {},
): Promise<Catalog> {
  const isOpen = typeof given === 'object' && 'records' in given;
  const source = isOpen ? given : await openSource(given, options);
  try {
    return await readCatalog(source, options);
  } finally {
    if (!isOpen) await source.close?.();
  }
}

async function readCatalog(
  source: CatalogSource,
  { spoolIn, ...options }: ReadCatalogOptions,
): Promise<Catalog> {
  const { onProgress } = options;
  const rows = await CatalogRows.open(source, options);
  const collector = new ItemCollector(rows.reader, rows.first, spoolIn);
  try {
    for await (const row of rows) {
      rows.attempt(() => collector.add(row));
      const done = collector.length;
      if (done % REPORT_EVERY === 0 && done > 0 && rows.fraction > 0) {
        onProgress?.({ stage: 'catalog', done, total: Math.max(done, Math.round(done / rows.fraction)) });
      }
    }
    const { items, rowOf, vectors } = collector.finish();
    const report = rows.report(items.length);
    onProgress?.({ stage: 'catalog', done: items.length, total: items.length });
    return {
      items,
      rowOf,
      ...(vectors.rows > 0 && { vectors: vectors.finish() }),
      fields: rows.fields,
      report,
      close: () => collector.close(),
    };
  } catch (error) {
    collector.close();
    throw error;
  }
}

/** Makes items of records, one after another. */
class ItemCollector {
  readonly #items: ItemStore;
  readonly #rowOf: RowsById;
  readonly #vectors: VectorCollector;
  readonly #places = new Places();
  readonly #categories = new Map<string, string>();
  readonly #hasVectors: boolean;

  readonly #reader: FieldReader;

  /** @param spoolIn a folder for what does not fit in memory (all is held) */
  constructor(reader: FieldReader, first: readonly PlainRecord[], spoolIn?: string) {
    this.#reader = reader;
    this.#items = new ItemStore(spoolIn);
    this.#rowOf = new RowsById(this.#items, (item) => idsOfItem(item, reader.id));
    this.#vectors = new VectorCollector(spoolIn);
    const given = first.filter((record) => hasVector(record, reader)).length;
    this.#hasVectors = 2 * given > first.length || (given > 0 && hasVector(first[0], reader));
  }

  get length(): number {
    return this.#items.length;
  }

  /** What was collected; nothing is added later. */
  finish() {
    const items = this.#items.finish();
    return { items, rowOf: this.#rowOf, vectors: this.#vectors };
  }

  close(): void {
    this.#items.close();
    this.#vectors.close();
  }

  /** @throws InputError for a record that is no item; nothing is changed then */
  add({ record, file, line, ids }: Merged): void {
    const rowOf = this.#rowOf;
    const reader = this.#reader;
    const id = readId(record[reader.id], { file, line, field: reader.id });
    const earlier = rowOf.get(id);
    if (earlier !== undefined) {
      const there = this.#places.of(earlier);
      const place = `${there.file === file ? '' : `${there.file}, `}line ${there.line}`;
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
    if (this.#hasVectors) this.#vectors.add(record[reader.vector], { file, line, field: reader.vector });

    const row = this.#items.length;
    // Before the item is there, so that its ids are looked for among the others.
    const names = [id, ...new Set(ids)].filter((name, i) => (i === 0 || name !== id) && !rowOf.has(name));
    this.#places.add(file, line);
    this.#items.add({
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
    for (const name of names) rowOf.add(name, row);
  }
}

/** An item's own id, and those of its variants. */
function idsOfItem({ id, metadata }: Item, field: string): readonly string[] {
  const variants = metadata[field];
  return Array.isArray(variants) ? [id, ...(variants as readonly string[])] : [id];
}

/** The file and line of each row: 4 bytes a row. */
class Places {
  /** From which row on which file was read. */
  readonly #files: { readonly file: string; readonly from: number }[] = [];
  #lines = new Uint32Array(1024);
  #rows = 0;

  add(file: string, line: number): void {
    if (this.#files.at(-1)?.file !== file) this.#files.push({ file, from: this.#rows });
    if (this.#rows === this.#lines.length) this.#lines = grown(this.#lines);
    this.#lines[this.#rows++] = line;
  }

  of(row: number): { readonly file: string; readonly line: number } {
    return { file: this.#files.findLast(({ from }) => from <= row)!.file, line: this.#lines[row] };
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
