/** OpenSearch with its k-NN plugin, over HTTP. */
import { createHash } from 'node:crypto';
import { IndexError } from '../../errors.js';
import { row } from '../../matrix.js';
import { compileFilter, type Dialect } from './compileFilter.js';
import { restClient } from './rest.js';
import { checkLength, type SearchEngine, type WordHit } from './searchEngine.js';

export interface OpenSearchOptions {
  /** `http://host:9200` or `https://`. */
  readonly url: string;
  /** Name of the index. */
  readonly collection: string;
  /** `user:password`, or a bearer token. */
  readonly token?: string;
}

/** What the graph search keeps at least, whatever is asked for: of few candidates many are missed. */
const LEAST_CANDIDATES = 100;

export function openSearchEngine({ url, collection, token }: OpenSearchOptions): SearchEngine {
  const name = `opensearch+${url.replace(/\/+$/, '')}/${collection}`;
  const authorization = token?.includes(':')
    ? `Basic ${Buffer.from(token).toString('base64')}`
    : `Bearer ${token}`;
  const ask = restClient({
    name,
    url,
    headers: token === undefined ? {} : { authorization },
    reason: (answer) => {
      const { error } = (answer ?? {}) as { error?: Failure };
      return error?.root_cause?.[0]?.reason ?? error?.reason;
    },
  });
  const at = `/${encodeURIComponent(collection)}`;

  const info: SearchEngine['info'] = async (version) => {
    const mapping = (await ask('GET', `${at}/_mapping`)) as Record<string, Mapping> | undefined;
    if (!mapping) return undefined;
    // An alias answers with the index that it stands for.
    const [found] = Object.values(mapping);
    const query = version === undefined ? { match_all: {} } : { term: { version } };
    const { count } = (await ask('POST', `${at}/_count`, { query })) as { count: number };
    const { vector, text } = found.mappings.properties;
    return { documents: count, dim: vector.dimension, words: text?.type === 'text' };
  };
  let dim: number | undefined;
  const dimension = async () => {
    dim ??= (await info())?.dim;
    if (dim === undefined) throw new IndexError(`${name}: there is no such index`);
    return dim;
  };

  async function bulk(lines: readonly object[]): Promise<void> {
    if (lines.length === 0) return;
    const body = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    const answer = (await ask('POST', `${at}/_bulk?refresh=true`, body)) as Bulk;
    for (const [result] of answer.items.map((item) => Object.values(item))) {
      if (result.error) throw new IndexError(`${name}: ${result.error.reason.replace(/\s+/g, ' ')}`);
    }
  }

  /** Answers of many searches, each with its hits. */
  async function searchAll(searches: readonly object[]): Promise<readonly (readonly Hit[])[]> {
    const lines = searches.map((search) => `{}\n${JSON.stringify(search)}\n`);
    const answer = (await ask('POST', `${at}/_msearch`, lines.join(''))) as Found | undefined;
    if (!answer) throw new IndexError(`${name}: there is no such index`);
    return answer.responses.map(({ hits, error }) => {
      if (!hits) throw new IndexError(`${name}: ${error?.root_cause?.[0]?.reason ?? error?.reason}`);
      return hits.hits;
    });
  }

  return {
    name,
    info,
    maxK: 10_000,
    batch: 500,
    async create(schema) {
      if (await info()) return;
      const vector = {
        type: 'knn_vector',
        dimension: schema.dim,
        method: { name: 'hnsw', engine: 'lucene', space_type: 'innerproduct' },
      };
      const keyword = { type: 'keyword' };
      await ask('PUT', at, {
        settings: { index: { knn: true } },
        mappings: {
          dynamic: false,
          dynamic_templates: [{ numbers: { path_match: 'numbers.*', mapping: { type: 'double' } } }],
          properties: {
            id: keyword,
            vector,
            title: { type: 'text' },
            text: { type: 'text', ...(schema.words !== undefined && { analyzer: schema.words }) },
            terms: keyword,
            numbers: { type: 'object', dynamic: true },
            version: keyword,
          },
        },
      });
    },
    async upsert(documents) {
      checkLength(name, await dimension(), documents);
      await bulk(
        documents.flatMap((document) => [
          { index: { _id: keyOf(document.id) } },
          { ...document, vector: Array.from(document.vector) },
        ]),
      );
    },
    remove: (ids) => bulk(ids.map((id) => ({ delete: { _id: keyOf(id) } }))),
    async removeOthers(version) {
      const query = { bool: { must_not: { term: { version } } } };
      await ask('POST', `${at}/_delete_by_query?refresh=true&conflicts=proceed`, { query });
    },
    // OpenSearch merges its segments by itself.
    async optimize() {},
    async search(directions, { k, filter }) {
      const passes = filter ? compileFilter(filter, DIALECT) : true;
      if (passes === false || directions.rows === 0) return Array.from({ length: directions.rows }, () => []);
      const found = await searchAll(
        Array.from({ length: directions.rows }, (_, i) => {
          const vector = {
            vector: Array.from(row(directions, i)),
            k: Math.max(k, LEAST_CANDIDATES),
            ...(passes !== true && { filter: passes }),
          };
          return { size: k, _source: false, docvalue_fields: ['id'], query: { knn: { vector } } };
        }),
      );
      return found.map((hits) => hits.map(({ fields }) => fields.id[0]));
    },
    async searchWords(texts, { k, filter }) {
      const passes = filter ? compileFilter(filter, DIALECT) : true;
      if (passes === false || texts.length === 0) return texts.map(() => []);
      const found = await searchAll(
        texts.map((text) => ({
          size: k,
          _source: false,
          docvalue_fields: ['id'],
          query: {
            bool: { must: { match: { text: { query: text } } }, ...(passes !== true && { filter: passes }) },
          },
        })),
      );
      return found.map((hits) =>
        hits.map(({ fields, _score }): WordHit => ({ id: fields.id[0], score: _score })),
      );
    },
    async drop() {
      dim = undefined;
      await ask('DELETE', at);
    },
    async close() {},
  };
}

const DIALECT: Dialect<object> = {
  any: (terms) => ({ terms: { terms } }),
  range: (number, from, to) => ({ range: { [`numbers.${number}`]: { gte: from, lte: to } } }),
  and: (filter) => ({ bool: { filter } }),
  or: (should) => ({ bool: { should, minimum_should_match: 1 } }),
  not: (part) => ({ bool: { must_not: [part] } }),
};

/** A document's key has at most 512 bytes. */
const keyOf = (id: string): string =>
  Buffer.byteLength(id) <= 512 ? id : `sha256:${createHash('sha256').update(id).digest('hex')}`;

interface Failure {
  readonly reason: string;
  readonly root_cause?: readonly { readonly reason: string }[];
}

interface Mapping {
  readonly mappings: {
    readonly properties: {
      readonly vector: { readonly dimension: number };
      readonly text?: { readonly type: string };
    };
  };
}

interface Bulk {
  readonly items: readonly Readonly<Record<string, { readonly error?: Failure }>>[];
}

interface Hit {
  readonly _score: number;
  readonly fields: { readonly id: readonly [string] };
}

interface Found {
  readonly responses: readonly {
    readonly hits?: { readonly hits: readonly Hit[] };
    readonly error?: Failure;
  }[];
}
