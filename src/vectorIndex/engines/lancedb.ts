/** LanceDB, in this process and in a folder: through the package `@lancedb/lancedb`. */
import { IndexError, R4tError } from '../../errors.js';
import { row } from '../../matrix.js';
import { compileFilter, type Dialect } from './compileFilter.js';
import { loadClient } from './loadClient.js';
import { APPROXIMATE_FROM, checkLength, type SearchEngine, type WordHit } from './searchEngine.js';

export interface LanceOptions {
  /** Folder of the database, or an address that LanceDB takes, such as `s3://bucket/items`. */
  readonly path: string;
  readonly table: string;
}

/** Names of columns with numbers begin with this. */
const NUMBER = 'number_';
const INSTALL = '@lancedb/lancedb apache-arrow@18';

export async function lanceEngine({ path, table: name }: LanceOptions): Promise<SearchEngine> {
  const shown = `lancedb:${path}?table=${name}`;
  const lance = await loadClient<Lance>('@lancedb/lancedb', INSTALL);
  const attempt = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Error) || error instanceof R4tError) throw error;
      const reason = error.message.split('\n')[0].slice(0, 300);
      throw new IndexError(`${shown}: ${reason}`, { cause: error });
    }
  };
  /** A language as LanceDB has it, `English`. */
  const wordIndex = (language: string) =>
    lance.Index.fts({ language: language[0].toUpperCase() + language.slice(1), withPosition: false });
  const database = await attempt(() => lance.connect(path));
  let opened: OpenTable | undefined;

  const find = async (): Promise<OpenTable | undefined> => {
    if (opened) {
      // What other processes have written.
      await opened.table.checkoutLatest();
      return opened;
    }
    if (!(await database.tableNames()).includes(name)) return undefined;
    opened = await openTable(await database.openTable(name));
    return opened;
  };
  const use = <T>(work: (open: OpenTable) => Promise<T>): Promise<T> =>
    attempt(async () => {
      const open = await find();
      if (!open) throw new Error('there is no such table');
      return work(open);
    });

  return {
    name: shown,
    maxK: 100_000,
    // Each is a version of the table, with files of its own.
    batch: 5000,
    create: (schema) =>
      attempt(async () => {
        const held = await find();
        if (held) {
          if (schema.words !== undefined && !(await hasWords(held.table)))
            await held.table.createIndex('text', { config: wordIndex(schema.words) });
          return;
        }
        const arrow = await loadClient<Arrow>('apache-arrow', INSTALL);
        const text = (column: string) => new arrow.Field(column, new arrow.Utf8(), false);
        const item = (type: unknown) => new arrow.Field('item', type, true);
        const fields = [
          text('id'),
          new arrow.Field('vector', new arrow.FixedSizeList(schema.dim, item(new arrow.Float32())), false),
          text('title'),
          text('text'),
          new arrow.Field('terms', new arrow.List(item(new arrow.Utf8())), false),
          text('version'),
          ...schema.numbers.map((number) => new arrow.Field(NUMBER + number, new arrow.Float64(), true)),
        ];
        const table = await database.createEmptyTable(name, new arrow.Schema(fields));
        await table.createIndex('id', { config: lance.Index.btree() });
        if (schema.words !== undefined) await table.createIndex('text', { config: wordIndex(schema.words) });
        opened = await openTable(table);
      }),
    info: (version) =>
      attempt(async () => {
        const open = await find();
        const of = version === undefined ? undefined : `version = ${literal(version)}`;
        if (!open) return undefined;
        const { table, dim } = open;
        return { documents: await table.countRows(of), dim, words: await hasWords(table) };
      }),
    upsert: (documents) =>
      use(async ({ table, dim, numbers: known }) => {
        checkLength(shown, dim, documents);
        const rows = documents.map(({ numbers, ...document }) => {
          const values = Array.from(known, (number) => [NUMBER + number, numbers[number] ?? null]);
          return { ...document, ...Object.fromEntries(values) };
        });
        await table.mergeInsert('id').whenMatchedUpdateAll().whenNotMatchedInsertAll().execute(rows);
      }),
    remove: (ids) =>
      use(async ({ table }) => {
        if (ids.length > 0) await table.delete(`id IN (${ids.map(literal).join(', ')})`);
      }),
    removeOthers: (version) =>
      use(async ({ table }) => void (await table.delete(`version <> ${literal(version)}`))),
    optimize: () =>
      use(async ({ table }) => {
        await table.createIndex('terms', { config: lance.Index.labelList() });
        if ((await table.countRows()) >= APPROXIMATE_FROM)
          await table.createIndex('vector', { config: lance.Index.ivfFlat({ distanceType: 'dot' }) });
        await table.optimize();
      }),
    search: (directions, { k, filter }) =>
      use(async ({ table, numbers }) => {
        const ids = Array.from({ length: directions.rows }, (): string[] => []);
        const where = filter ? compileFilter(filter, dialect(numbers)) : true;
        if (where === false || directions.rows === 0) return ids;
        let query = table.query().nearestTo(row(directions, 0));
        for (let i = 1; i < directions.rows; i++) query = query.addQueryVector(row(directions, i));
        query = query.distanceType('dot').select(['id', '_distance']).limit(k);
        if (where !== true) query = query.where(where);
        const hits = await query.toArray();
        hits.sort((a, b) => a._distance - b._distance);
        for (const { id, query_index: i = 0 } of hits) ids[i].push(id);
        return ids;
      }),
    searchWords: (texts, { k, filter }) =>
      use(async ({ table, numbers }) => {
        const where = filter ? compileFilter(filter, dialect(numbers)) : true;
        if (where === false) return texts.map(() => []);
        return Promise.all(
          texts.map(async (text) => {
            let query = table.query().fullTextSearch(new lance.MatchQuery(text, 'text'));
            if (where !== true) query = query.where(where);
            const hits = await query.select(['id', '_score']).limit(k).toArray();
            return hits.map(({ id, _score }): WordHit => ({ id, score: _score }));
          }),
        );
      }),
    drop: () =>
      attempt(async () => {
        opened = undefined;
        if ((await database.tableNames()).includes(name)) await database.dropTable(name);
      }),
    async close() {
      opened = undefined;
      database.close();
    },
  };
}

interface OpenTable {
  readonly table: Table;
  readonly dim: number;
  readonly numbers: ReadonlySet<string>;
}

async function openTable(table: Table): Promise<OpenTable> {
  const { fields } = await table.schema();
  const names = fields.map((field) => field.name).filter((column) => column.startsWith(NUMBER));
  return {
    table,
    dim: fields.find((field) => field.name === 'vector')?.type.listSize ?? 0,
    numbers: new Set(names.map((column) => column.slice(NUMBER.length))),
  };
}

const hasWords = async (table: Table): Promise<boolean> =>
  (await table.listIndices()).some(({ columns }) => columns.includes('text'));

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** SQL of DataFusion. */
const dialect = (numbers: ReadonlySet<string>): Dialect<string> => ({
  any: (terms) => `array_has_any(terms, [${terms.map(literal).join(', ')}])`,
  range(number, from, to) {
    if (!numbers.has(number)) return undefined;
    const column = `\`${NUMBER}${number}\``;
    return `(${column} IS NOT NULL AND ${column} >= ${float(from)} AND ${column} <= ${float(to)})`;
  },
  and: (parts) => `(${parts.join(' AND ')})`,
  or: (parts) => `(${parts.join(' OR ')})`,
  not: (part) => `(NOT ${part})`,
});

/** All digits, and told from a whole number. */
const float = (value: number): string => (Number.isInteger(value) ? `${value}.0` : `${value}`);

/** What is used of the package. */
interface Lance {
  connect(path: string): Promise<Connection>;
  readonly Index: {
    ivfFlat(options: object): unknown;
    btree(): unknown;
    labelList(): unknown;
    fts(options: object): unknown;
  };
  readonly MatchQuery: new (query: string, column: string) => object;
}

interface Connection {
  tableNames(): Promise<string[]>;
  openTable(name: string): Promise<Table>;
  createEmptyTable(name: string, schema: unknown): Promise<Table>;
  dropTable(name: string): Promise<void>;
  close(): void;
}

interface Table {
  schema(): Promise<{ fields: { name: string; type: { listSize?: number } }[] }>;
  countRows(filter?: string): Promise<number>;
  checkoutLatest(): Promise<void>;
  mergeInsert(on: string): {
    whenMatchedUpdateAll(): { whenNotMatchedInsertAll(): { execute(rows: object[]): Promise<unknown> } };
  };
  delete(predicate: string): Promise<unknown>;
  createIndex(column: string, options: { config: unknown }): Promise<void>;
  listIndices(): Promise<{ readonly columns: readonly string[] }[]>;
  optimize(): Promise<unknown>;
  query(): { nearestTo(vector: Float32Array): VectorQuery; fullTextSearch(query: object): WordQuery };
}

interface VectorQuery {
  addQueryVector(vector: Float32Array): VectorQuery;
  distanceType(type: 'dot'): VectorQuery;
  select(columns: string[]): VectorQuery;
  limit(k: number): VectorQuery;
  where(predicate: string): VectorQuery;
  toArray(): Promise<{ id: string; _distance: number; query_index?: number }[]>;
}

interface WordQuery {
  select(columns: string[]): WordQuery;
  limit(k: number): WordQuery;
  where(predicate: string): WordQuery;
  toArray(): Promise<{ id: string; _score: number }[]>;
}

interface Arrow {
  readonly Schema: new (fields: unknown[]) => unknown;
  readonly Field: new (name: string, type: unknown, nullable: boolean) => unknown;
  readonly FixedSizeList: new (length: number, item: unknown) => unknown;
  readonly List: new (item: unknown) => unknown;
  readonly Utf8: new () => unknown;
  readonly Float32: new () => unknown;
  readonly Float64: new () => unknown;
}
