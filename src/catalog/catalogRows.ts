/** The records of a catalog, clean, with its variants joined, and the fields that make items of them. */
import { InputError } from '../errors.js';
import type { RunControl } from '../progress.js';
import { cleanRecord, type PlainRecord } from './cleanRecord.js';
import { findColumns } from './columns.js';
import { type CatalogFields, FieldReader } from './fields.js';
import { idsOf } from './ids.js';
import { RowLog, type SkippedRows } from './rowLog.js';
import type { CatalogSource, SourceRecord } from './source.js';
import { fieldText } from './template.js';
import { type Merged, Variants } from './variants.js';

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

/** Records that tell which columns there are. */
const LOOKAHEAD = 100;

/**
 * Reads a source once, record by record; what is read so far is counted. Records are held only where variants are joined: all of them.
 *
 * @example
 * const rows = await CatalogRows.open(source, { group: 'parent' });
 * for await (const { record } of rows) rows.attempt(() => use(rows.reader.text(record, {})));
 * const { skipped } = rows.report();
 */
export class CatalogRows {
  /** The first records, which told the columns. */
  readonly first: readonly PlainRecord[];
  /** Fields that were found by their usual names. */
  readonly found: CatalogFields;
  /** These, and those that were named. */
  readonly fields: CatalogFields;
  readonly reader: FieldReader;
  #joined = 0;

  private constructor(
    private readonly source: CatalogSource,
    given: CatalogFields,
    private readonly ahead: Merged[],
    private readonly rest: AsyncGenerator<Merged>,
    private readonly counts: Counts,
  ) {
    this.first = ahead.map(({ record }) => record);
    this.found = defined(findColumns(this.first, given));
    this.fields = { ...given, ...this.found };
    this.reader = new FieldReader(this.fields);
    if (ahead.length > 0) checkId(this.reader, counts.known, source.name);
  }

  /** @throws InputError if the source cannot be read, or no field of its first records is an id */
  static async open(source: CatalogSource, options: LoadCatalogOptions): Promise<CatalogRows> {
    const { signal, onProgress: _, strict, encoding, ...given } = options;
    const counts: Counts = {
      log: new RowLog(strict),
      leftOut: new Map(),
      known: new Set(),
      rows: 0,
      fraction: 0,
    };
    const onRead = (share: number) => {
      counts.fraction = share;
    };
    const lines = source.records({ signal, onRead, encoding, ...counts.log.options });
    const rest = cleaned(lines, counts);
    const ahead: Merged[] = [];
    while (ahead.length < LOOKAHEAD) {
      const { value, done } = await rest.next();
      if (done) break;
      ahead.push(value);
    }
    return new CatalogRows(source, given, ahead, rest, counts);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Merged> {
    const { reader } = this;
    const variants = reader.group === undefined ? undefined : new Variants(keysOf(reader), reader.single);
    const take = (row: Merged): Merged => {
      reader.see(row.record);
      return { ...row, ids: idsOf(row.record[reader.id]) };
    };
    for (const row of this.ahead.splice(0)) {
      if (variants) variants.add(take(row));
      else yield take(row);
    }
    for await (const row of this.rest) {
      if (variants) variants.add(take(row));
      else yield take(row);
    }
    if (!variants) return;
    this.#joined = variants.joined;
    yield* variants.records;
  }

  /** Does something with a row; where the row is bad it is counted, or, if reading is strict, thrown. */
  attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.counts.log.skip(error);
    }
  }

  /** Which share of the source has been read, 0..1; 0 where that is not known. */
  get fraction(): number {
    return this.counts.fraction;
  }

  /**
   * What became of the records, once all are read.
   *
   * @param items how many items they made
   * @throws InputError if there are none, or a field that was named is in no record
   */
  report(items: number): CatalogReport {
    const { log, leftOut, known, rows } = this.counts;
    const file = this.source.name;
    this.reader.checkSeen(file, known);
    if (items === 0) throw log.cause ?? new InputError('has no items', { file });
    return {
      source: file,
      rows: rows + log.skippedUnread,
      items,
      skipped: log.skipped,
      merged: this.#joined,
      found: this.found,
      leftOut: Object.fromEntries(leftOut),
      notes: log.notes,
    };
  }
}

interface Counts {
  readonly log: RowLog;
  readonly leftOut: Map<string, number>;
  /** Every field that was seen. */
  readonly known: Set<string>;
  rows: number;
  fraction: number;
}

async function* cleaned(lines: AsyncGenerator<SourceRecord>, counts: Counts): AsyncGenerator<Merged> {
  const { leftOut, known } = counts;
  const onLeftOut = (field: string) => void leftOut.set(field, (leftOut.get(field) ?? 0) + 1);
  for await (const { record: raw, file, line } of lines) {
    counts.rows++;
    const record = cleanRecord(raw, onLeftOut);
    for (const name in record) known.add(name);
    yield { record, file, line, ids: [] };
  }
}

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

function defined<T extends object>(object: T): T {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as T;
}
