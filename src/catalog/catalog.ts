import { InputError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { cleanRecord, type PlainRecord } from './cleanRecord.js';
import { findColumns } from './columns.js';
import { type CatalogFields, FieldReader } from './fields.js';
import type { Item } from './item.js';
import { RowLog, type SkippedRows } from './rowLog.js';
import { type CatalogSource, openSource, type SourceRecord } from './source.js';
import { fieldText } from './template.js';
import { type Merged, Variants } from './variants.js';
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

/** What became of a catalog's records. */
export interface CatalogReport {
  /** Where they were read from. */
  readonly source: string;
  readonly rows: number;
  readonly items: number;
  /** Rows that are no item. */
  readonly skipped: SkippedRows;
  /** Rows that joined an item as further variants of it. */
  readonly merged: number;
  /** Fields that were found by their usual names. */
  readonly found: CatalogFields;
  /** Fields that hold nothing a filter or text can use, with how many rows have them. */
  readonly leftOut: Readonly<Record<string, number>>;
  /** How the file was understood, in words. */
  readonly notes: readonly string[];
}

export interface LoadCatalogOptions extends CatalogFields, RunControl {
  /** Stop at the first bad row instead of passing it over. */
  readonly strict?: boolean;
  /** See `ReadOptions`. */
  readonly encoding?: string;
}

/** Items between two progress reports. */
const REPORT_EVERY = 10_000;
/** Records that tell which columns there are. */
const LOOKAHEAD = 100;

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
  const { signal, onProgress, strict, encoding, ...given } = options;
  const log = new RowLog(strict);
  const leftOut = new Map<string, number>();
  const known = new Set<string>();
  let rows = 0;
  let fraction = 0;
  const onRead = (share: number) => {
    fraction = share;
  };
  const onLeftOut = (field: string) => void leftOut.set(field, (leftOut.get(field) ?? 0) + 1);

  const lines = source.records({ signal, onRead, encoding, ...log.options });
  const clean = (line: SourceRecord): Merged => {
    rows++;
    const record = cleanRecord(line.record, onLeftOut);
    for (const name in record) known.add(name);
    return { record, file: line.file, line: line.line, ids: [] };
  };
  const ahead: Merged[] = [];
  while (ahead.length < LOOKAHEAD) {
    const { value, done } = await lines.next();
    if (done) break;
    ahead.push(clean(value));
  }

  const first = ahead.map(({ record }) => record);
  const found = findColumns(first, given);
  const fields = { ...given, ...defined(found) };
  const reader = new FieldReader(fields);
  if (ahead.length > 0) checkId(reader, known, source.name);
  const collector = new ItemCollector(reader, first);
  const variants = reader.group === undefined ? undefined : new Variants(keysOf(reader), reader.single);
  const take = (row: Merged) => {
    reader.see(row.record);
    try {
      if (variants) variants.add({ ...row, ids: idsOf(row.record[reader.id]) });
      else collector.add(row);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      log.skip(error);
    }
  };
  const report = () => {
    const done = variants?.records.length ?? collector.items.length;
    if (rows % REPORT_EVERY !== 0 || fraction === 0 || done === 0) return;
    onProgress?.({ stage: 'catalog', done, total: Math.max(done, Math.round(done / fraction)) });
  };
  for (const row of ahead.splice(0)) take(row);
  for await (const line of lines) {
    take(clean(line));
    report();
  }
  if (variants) {
    for (const row of variants.records) {
      try {
        collector.add(row);
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        log.skip(error);
      }
    }
  }

  const { items, rowOf, vectors } = collector;
  reader.checkSeen(source.name, known);
  if (items.length === 0) throw log.cause ?? new InputError('has no items', { file: source.name });
  onProgress?.({ stage: 'catalog', done: items.length, total: items.length });
  return {
    items,
    rowOf,
    ...(vectors.rows > 0 && { vectors: vectors.finish() }),
    fields,
    report: {
      source: source.name,
      rows: rows + log.skippedUnread,
      items: items.length,
      skipped: log.skipped,
      merged: variants?.joined ?? 0,
      found: defined(found),
      leftOut: Object.fromEntries(leftOut),
      notes: log.notes,
    },
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

/** What groups a record: its group, or what others may call it as their parent. */
function keysOf({ id, group = '' }: FieldReader): (record: PlainRecord) => string[] {
  return (record) => {
    const own = fieldText(record[group]);
    if (own !== '') return [own];
    const [name] = idsOf(record[id]);
    const names = name === undefined ? [] : [name, `id:${name}`];
    return [...names, fieldText(record.SKU)].filter((key) => key !== '');
  };
}

/** @throws InputError where no column is an id: one message for all rows */
function checkId({ id }: FieldReader, known: ReadonlySet<string>, file: string): void {
  if (known.has(id)) return;
  const names = [...known];
  const guess = names.find((name) => /id|sku|code|key|number/i.test(name)) ?? names[0];
  throw new InputError(
    `is missing; no column is called id, sku or the like. The columns are ${names.join(', ')}: name the one that is the id by catalog.id in the config, e.g. {"catalog": {"id": ${JSON.stringify(guess)}}}`,
    { file, field: id },
  );
}

const idsOf = (value: unknown): string[] => {
  const id = idText(value);
  return id === '' ? [] : [id];
};

/** An id as a text, numbers written out; empty if it is none. */
export function idText(value: unknown): string {
  if (typeof value === 'number') return Number.isFinite(value) ? String(value) : '';
  return typeof value === 'string' ? value.trim() : '';
}

/**
 * An id as a string; numbers are written out.
 *
 * @throws InputError if there is none
 */
export function readId(value: unknown, location: { file: string; line: number; field: string }): string {
  const id = idText(value);
  if (id !== '') return id;
  const isMissing = value === undefined || value === null || value === '';
  throw new InputError(
    `${isMissing ? 'is missing' : 'is not a string or number'}; give every item an id`,
    location,
  );
}

/** One string object for equal values: categories repeat by the thousand. */
function intern(pool: Map<string, string>, value: string): string {
  const known = pool.get(value);
  if (known !== undefined) return known;
  pool.set(value, value);
  return value;
}

function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
