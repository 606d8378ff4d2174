/** Milvus, from Milvus Lite to a cluster: through the package `@zilliz/milvus2-sdk-node`. */
import { IndexError, InputError, R4tError } from '../../errors.js';
import { row } from '../../matrix.js';
import { compileFilter, type Dialect } from './compileFilter.js';
import { loadClient } from './loadClient.js';
import { checkLength, type SearchEngine, type WordHit } from './searchEngine.js';

export interface MilvusOptions {
  /** `http://host:19530`, or `https://` with TLS. */
  readonly url: string;
  readonly collection: string;
  /** `user:password`, or an API key. */
  readonly token?: string;
}

/** The longest text of Milvus, in bytes. */
const LONGEST = 65_535;
const MOST_TERMS = 4096;
/** Longest time for one answer, in milliseconds. */
const TIMEOUT = 60_000;

export async function milvusEngine({ url, collection, token }: MilvusOptions): Promise<SearchEngine> {
  const { host, protocol } = new URL(url);
  const name = `milvus${protocol === 'https:' ? '+https' : ''}://${host}/${collection}`;
  const { MilvusClient } = await loadClient<Milvus>('@zilliz/milvus2-sdk-node');
  const here = { collection_name: collection };

  /** What a call answers, where the call itself or its status does not say that it failed. */
  async function attempt<T extends Answer>(work: () => Promise<T>): Promise<T> {
    let reason: string;
    try {
      const answer = await work();
      const status: Status = answer.status ?? (answer as Status);
      if (status.error_code === undefined || status.error_code === 'Success' || status.error_code === 0)
        return answer;
      reason = status.reason || String(status.error_code);
    } catch (error) {
      if (!(error instanceof Error) || error instanceof R4tError) throw error;
      throw new IndexError(`${name}: ${oneLine(error.message)}`, { cause: error });
    }
    throw new IndexError(`${name}: ${oneLine(reason)}`);
  }

  let client: Client | undefined;
  async function connected(): Promise<Client> {
    if (client) return client;
    const opened = new MilvusClient({
      address: host,
      ssl: protocol === 'https:',
      token,
      timeout: TIMEOUT,
      maxRetries: 1,
      logLevel: 'none',
    });
    await opened.connectPromise;
    client = opened;
    return client;
  }
  const ask = <T extends Answer>(work: (client: Client) => Promise<T>): Promise<T> =>
    attempt(async () => work(await connected()));

  const exists = async (): Promise<boolean> => (await ask((c) => c.hasCollection(here))).value === true;
  const fields = async () => (await ask((c) => c.describeCollection(here))).schema.fields;
  const hasWords = async () => (await fields()).some((field) => field.name === WORDS);
  const dimension = async (): Promise<number> =>
    Number((await fields()).find((field) => field.name === 'vector')?.dim);
  let dim: Promise<number> | undefined;

  return {
    name,
    maxK: 16_384,
    batch: 500,
    async create(schema) {
      if (await exists()) {
        if (schema.words === undefined || (await hasWords())) return;
        throw new InputError(
          `${name} was made without an index of words, which Milvus cannot add; name another collection`,
          { field: '--words' },
        );
      }
      const text = (field: string, max_length: number) => ({ name: field, data_type: 'VarChar', max_length });
      await ask((c) =>
        c.createCollection({
          ...here,
          consistency_level: 'Strong',
          fields: [
            { ...text('id', LONGEST), is_primary_key: true },
            { name: 'vector', data_type: 'FloatVector', dim: schema.dim },
            text('title', LONGEST),
            { ...text('text', LONGEST), ...(schema.words !== undefined && analyzed(schema.words)) },
            {
              ...text('terms', 1024),
              data_type: 'Array',
              element_type: 'VarChar',
              max_capacity: MOST_TERMS,
            },
            { name: 'numbers', data_type: 'JSON' },
            text('version', 256),
            ...(schema.words === undefined ? [] : [{ name: WORDS, data_type: 'SparseFloatVector' }]),
          ],
          ...(schema.words !== undefined && { functions: [BM25] }),
          index_params: [
            { field_name: 'vector', index_type: 'AUTOINDEX', metric_type: 'IP' },
            ...(schema.words === undefined ? [] : [WORD_INDEX]),
          ],
        }),
      );
      await ask((c) => c.loadCollectionSync(here));
    },
    async info(version) {
      if (!(await exists())) return undefined;
      await ask((c) => c.loadCollectionSync(here));
      const of = version === undefined ? {} : { expr: `version == ${JSON.stringify(version)}` };
      const { data } = await ask((c) => c.count({ ...here, ...of }));
      dim = dimension();
      return { documents: Number(data), dim: await dim, words: await hasWords() };
    },
    async upsert(documents) {
      dim ??= dimension();
      checkLength(name, await dim, documents);
      const data = documents.map(({ vector, title, text, ...rest }) => ({
        ...rest,
        vector: Array.from(vector),
        title: cut(title),
        text: cut(text),
      }));
      await ask((c) => c.upsert({ ...here, data }));
    },
    async remove(ids) {
      await ask((c) => c.delete({ ...here, filter: `id in ${JSON.stringify(ids)}` }));
    },
    async removeOthers(version) {
      await ask((c) => c.delete({ ...here, filter: `version != ${JSON.stringify(version)}` }));
    },
    // Milvus builds its indexes by itself.
    async optimize() {},
    async search(directions, { k, filter }) {
      const expression = filter ? compileFilter(filter, DIALECT) : true;
      if (expression === false || directions.rows === 0)
        return Array.from({ length: directions.rows }, () => []);
      const { results } = await ask((c) =>
        c.search({
          ...here,
          data: Array.from({ length: directions.rows }, (_, i) => Array.from(row(directions, i))),
          anns_field: 'vector',
          limit: k,
          output_fields: ['id'],
          consistency_level: 'Strong',
          ...(expression !== true && { filter: expression }),
        }),
      );
      return listsOf(results, directions.rows).map((hits) => hits.map(({ id }) => id));
    },
    async searchWords(texts, { k, filter }) {
      const expression = filter ? compileFilter(filter, DIALECT) : true;
      if (expression === false || texts.length === 0) return texts.map(() => []);
      const { results } = await ask((c) =>
        c.search({
          ...here,
          data: [...texts],
          anns_field: WORDS,
          metric_type: 'BM25',
          limit: k,
          output_fields: ['id'],
          consistency_level: 'Strong',
          ...(expression !== true && { filter: expression }),
        }),
      );
      // Milvus Lite gives them with a minus, as distances.
      return listsOf(results, texts.length).map((hits) =>
        hits.map(({ id, score }): WordHit => ({ id, score: Math.abs(score) })),
      );
    },
    async drop() {
      dim = undefined;
      if (await exists()) await ask((c) => c.dropCollection(here));
    },
    async close() {
      await client?.closeConnection();
      client = undefined;
    },
  };
}

/** The field with the words of a text, which Milvus fills. */
const WORDS = 'words';
const BM25 = {
  name: 'words_of_text',
  type: 'BM25',
  input_field_names: ['text'],
  output_field_names: [WORDS],
  params: {},
};
const WORD_INDEX = { field_name: WORDS, index_type: 'SPARSE_INVERTED_INDEX', metric_type: 'BM25' };

/** As the built-in analyzer of a language, by its parts: Milvus Lite has no such, and passes over parts that it does not know. */
const analyzed = (language: string) => ({
  enable_analyzer: true,
  analyzer_params: { tokenizer: 'standard', filter: ['lowercase', { type: 'stemmer', language }] },
});

/** Hits of n searches: the client unpacks those of a single one, and of several that all find nothing it makes one list. */
const listsOf = (results: Hit[] | Hit[][], n: number): Hit[][] =>
  n === 1 ? [results as Hit[]] : Array.from({ length: n }, (_, i) => (results as Hit[][])[i] ?? []);

const DIALECT: Dialect<string> = {
  any: (terms) => `array_contains_any(terms, ${JSON.stringify(terms)})`,
  range(number, from, to) {
    const at = `numbers["${number}"]`;
    return `(exists ${at} and ${at} >= ${float(from)} and ${at} <= ${float(to)})`;
  },
  and: (parts) => `(${parts.join(' and ')})`,
  or: (parts) => `(${parts.join(' or ')})`,
  not: (part) => `(not ${part})`,
};

/** All digits, and told from a whole number. */
const float = (value: number): string => (Number.isInteger(value) ? `${value}.0` : `${value}`);

/** At most so many bytes; a letter that is cut in two goes. */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  return bytes.length <= LONGEST ? text : bytes.toString('utf8', 0, LONGEST).replace(/\uFFFD+$/, '');
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim().slice(0, 300);

/** What is used of the package. */
interface Milvus {
  readonly MilvusClient: new (options: object) => Client;
}

interface Status {
  readonly error_code?: string | number;
  readonly reason?: string;
}

interface Answer {
  readonly status?: Status;
}

interface Hit {
  readonly id: string;
  readonly score: number;
}

interface Client {
  readonly connectPromise: Promise<unknown>;
  hasCollection(request: object): Promise<Answer & { value: unknown }>;
  describeCollection(
    request: object,
  ): Promise<Answer & { schema: { fields: { name: string; dim?: string }[] } }>;
  createCollection(request: object): Promise<Answer>;
  loadCollectionSync(request: object): Promise<Answer>;
  dropCollection(request: object): Promise<Answer>;
  count(request: object): Promise<Answer & { data: number }>;
  upsert(request: object): Promise<Answer>;
  delete(request: object): Promise<Answer>;
  search(request: object): Promise<Answer & { results: Hit[] | Hit[][] }>;
  closeConnection(): Promise<unknown>;
}
