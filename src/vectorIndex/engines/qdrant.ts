/** Qdrant, over its REST API. */
import { createHash } from 'node:crypto';
import { IndexError } from '../../errors.js';
import { row } from '../../matrix.js';
import { compileFilter, type Dialect } from './compileFilter.js';
import { restClient } from './rest.js';
import { checkLength, type SearchEngine } from './searchEngine.js';

export interface QdrantOptions {
  /** `http://host:6333` or `https://`. */
  readonly url: string;
  readonly collection: string;
  readonly token?: string;
}

export function qdrantEngine({ url, collection, token }: QdrantOptions): SearchEngine {
  const name = `qdrant+${url.replace(/\/+$/, '')}/${collection}`;
  const ask = restClient({
    name,
    url,
    headers: token === undefined ? {} : { 'api-key': token },
    reason: (answer) => (answer as { status?: { error?: string } } | undefined)?.status?.error,
  });
  const at = `/collections/${encodeURIComponent(collection)}`;
  /** The part of an answer that says something. */
  async function result<T>(method: string, path: string, body?: object): Promise<T | undefined> {
    const answer = (await ask(method, at + path, body)) as { result: T } | undefined;
    return answer?.result;
  }
  async function needed<T>(method: string, path: string, body?: object): Promise<T> {
    const found = await result<T>(method, path, body);
    if (found === undefined) throw new IndexError(`${name}: there is no such collection`);
    return found;
  }
  let dim: number | undefined;
  const dimension = async () => {
    dim ??= (await needed<Collection>('GET', '')).config.params.vectors.size;
    return dim;
  };

  return {
    name,
    maxK: 100_000,
    batch: 500,
    async create(schema) {
      if (await result('GET', '')) return;
      await result('PUT', '', { vectors: { size: schema.dim, distance: 'Dot' } });
      await result('PUT', '/index?wait=true', { field_name: 'terms', field_schema: 'keyword' });
      for (const number of schema.numbers)
        await result('PUT', '/index?wait=true', { field_name: `numbers.${number}`, field_schema: 'float' });
    },
    async info(version) {
      const found = await result<Collection>('GET', '');
      if (!found) return undefined;
      dim = found.config.params.vectors.size;
      const filter = { must: [{ key: 'version', match: { value: version } }] };
      const { count } = await needed<{ count: number }>('POST', '/points/count', {
        exact: true,
        ...(version !== undefined && { filter }),
      });
      return { documents: count, dim };
    },
    async upsert(documents) {
      checkLength(name, await dimension(), documents);
      const points = documents.map(({ vector, ...payload }) => ({
        id: pointOf(payload.id),
        vector: Array.from(vector),
        payload,
      }));
      await needed('PUT', '/points?wait=true', { points });
    },
    async remove(ids) {
      await needed('POST', '/points/delete?wait=true', { points: ids.map(pointOf) });
    },
    async removeOthers(version) {
      const filter = { must_not: [{ key: 'version', match: { value: version } }] };
      await needed('POST', '/points/delete?wait=true', { filter });
    },
    // Qdrant builds its indexes by itself.
    async optimize() {},
    async search(directions, { k, filter }) {
      const passes = filter ? compileFilter(filter, DIALECT) : true;
      if (passes === false || directions.rows === 0) return Array.from({ length: directions.rows }, () => []);
      const searches = Array.from({ length: directions.rows }, (_, i) => ({
        query: Array.from(row(directions, i)),
        limit: k,
        with_payload: ['id'],
        ...(passes !== true && { filter: { must: [passes] } }),
      }));
      const found = await needed<Found[]>('POST', '/points/query/batch', { searches });
      return found.map(({ points }) => points.map(({ payload }) => payload.id));
    },
    async drop() {
      dim = undefined;
      await result('DELETE', '');
    },
    async close() {},
  };
}

const DIALECT: Dialect<object> = {
  any: (any) => ({ key: 'terms', match: { any } }),
  range: (number, from, to) => ({ key: `numbers.${number}`, range: { gte: from, lte: to } }),
  and: (must) => ({ must }),
  or: (should) => ({ should }),
  not: (part) => ({ must_not: [part] }),
};

/** A point is named by a number or a UUID; this one is made of the id as names are (RFC 9562, version 8). */
export function pointOf(id: string): string {
  const bytes = createHash('sha256').update(id).digest().subarray(0, 16);
  bytes[6] = 0x80 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

interface Collection {
  readonly config: { readonly params: { readonly vectors: { readonly size: number } } };
}

interface Found {
  readonly points: readonly { readonly payload: { readonly id: string } }[];
}
