import { type FieldInfo, fieldInfo } from '../catalog/filter/fieldInfo.js';
import { FilterTable } from '../catalog/filter/filterTable.js';
import type { Metadata } from '../catalog/item.js';
import { rowsWithIds } from '../catalog/itemKeys.js';
import { validateQuery } from '../catalog/validateQuery.js';
import { InputError } from '../errors.js';
import { dot, row } from '../matrix.js';
import { type HitIds, hitsById } from './diversify.js';
import { fanOutsOf, findSets, missingPart } from './findSets.js';
import type { MethodSpace, RetrievedSet } from './method.js';
import type { Method } from './methodNames.js';
import { answerer } from './methods.js';
import { isNonsense } from './nonsense.js';
import {
  type CatalogRows,
  checkRequest,
  findOptionsOf,
  meantMethod,
  passingItems,
  passingRows,
  type SetRequest,
} from './request.js';
import { embeddingsSpan, retrievalSpan, type Trace, untraced } from './trace.js';
import { type Reasons, reasonsOf, type Why } from './why.js';

export { type AskableMethod, METHOD_NAMES, type Method } from './methodNames.js';
export { type Distinct, MAX_K, MAX_OFFSET, MAX_STEPS, type SetRequest } from './request.js';
export type { Why } from './why.js';

/** What a search is asked, and how it is told to stop. */
export interface SearchOptions extends SetRequest {
  readonly signal?: AbortSignal;
}

/** One item of a set, with why it is there. */
export interface SetItem extends Why {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly category?: string;
  readonly image?: string;
  readonly metadata: Metadata;
  /** Relevance: the cosine between query and item in the space that is searched, -1 to 1. */
  readonly score: number;
  /** Rank of the item among its direction's hits, from 1; above 1 where another direction took the better ones. */
  readonly rank: number;
  /** Number of the direction that brought it. */
  readonly direction: number;
  /** Cosine between that direction and the item, -1 to 1. */
  readonly directionScore: number;
}

export interface SearchResult {
  readonly query: string;
  /** The method that answered. */
  readonly method: Method;
  /** Why plain search answered instead of the method asked for; absent when it did not. */
  readonly fallback?: string;
  /** True where the query is keys at random, such as "asdfqwer", as far as encoder and catalog know: there are no items then. */
  readonly unknown?: true;
  /** Where the request has a filter: the items that pass it, without what is excluded and repeats of the same text. */
  readonly passing?: number;
  readonly items: readonly SetItem[];
  /** Milliseconds. With several queries in one call: of the whole call. */
  readonly timings: {
    readonly encode: number;
    readonly directions: number;
    readonly search: number;
    readonly total: number;
  };
}

/** How hits of another engine become a set. */
export interface DiversifyHitsOptions<T> extends SearchOptions, HitIds<T> {}

export interface DiversifiedHits<T> extends SearchResult {
  /** The hits of the set, in the order of `items`, which say why each is there. */
  readonly hits: T[];
  /** Hits that this run's catalog lacks: no method can choose these. */
  readonly missing: T[];
}

/** The online path, from parts in memory: query text -> embedding -> sets of distinct items. */
export class SetRetriever {
  private readonly rows: CatalogRows;

  /** @param trace keeps spans of searches (none are kept) */
  constructor(
    private readonly space: MethodSpace,
    private readonly trace: Trace = untraced,
  ) {
    const { items, vectors, ownNames } = space;
    this.rows = { items, vectors, filters: new FilterTable(items, ownNames) };
  }

  /** Items a set by default. */
  get k(): number {
    return this.space.k;
  }

  /** Items in the catalog. */
  get size(): number {
    return this.space.items.length;
  }

  /** What filters and `distinct` can name: every field with its kind, unit, range and frequent values. */
  fields(): FieldInfo[] {
    return fieldInfo(this.rows.filters);
  }

  /**
   * The set of items for a broad query.
   *
   * @throws InputError for an empty or over-long query, a number out of its range, an unknown method, field or filter
   *
   * @example
   * const { items } = await retriever.search('camping gear', { k: 5, filter: 'price<100' });
   */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    return (await this.searchAll([query], options))[0];
  }

  /** Several queries in one batch, which costs less than one by one. */
  searchAll(queries: readonly string[], options: SearchOptions = {}): Promise<SearchResult[]> {
    return this.searchAmong(queries, options);
  }

  /**
   * The set that a method of this run, by default the best on its validation queries, chooses among what another engine has found.
   * The hits' own order counts for nothing.
   *
   * @param hits at least a few times `k`, so that there is a choice; objects with an `id` of the catalog, or ids
   * @throws InputError as `search`, for a hit without an id, and where the catalog has none of the hits
   *
   * @example
   * const { hits } = await retriever.diversify('camping gear', found.points, { k: 10 });
   */
  async diversify<T>(
    query: string,
    hits: readonly T[],
    { id, ...options }: DiversifyHitsOptions<T> = {},
  ): Promise<DiversifiedHits<T>> {
    const byId = hitsById(hits, { id });
    const { items } = this.space;
    const known = new Set(rowsWithIds(items, byId.keys()).map((row) => items[row].id));
    if (known.size === 0 && hits.length > 0) {
      const [first] = byId.keys();
      const example = items[0]?.id;
      throw new InputError(
        `the catalog has none of these ${hits.length}: ids here look like "${example}", not "${first}"; give \`id\`, which takes it from a hit`,
        { field: 'hits' },
      );
    }
    const [result] = await this.searchAmong([query], options, known);
    const missing = [...byId].flatMap(([name, hit]) => (known.has(name) ? [] : [hit]));
    return { ...result, hits: result.items.map((item) => byId.get(item.id)!), missing };
  }

  /** @param among ids of the only items that may be chosen (all) */
  private async searchAmong(
    queries: readonly string[],
    options: SearchOptions,
    among?: ReadonlySet<string>,
  ): Promise<SearchResult[]> {
    const { k = this.k } = options;
    const method = meantMethod(this.space, options.method);
    const span = retrievalSpan({ k, method, queries: queries.length });
    return this.trace(...span, async (tell) => {
      const results = await this.answer(queries, { ...options, method }, among);
      const items = results.reduce((sum, result) => sum + result.items.length, 0);
      tell({ 'r4t.items': items, ...(results.length > 0 && { 'r4t.method': results[0].method }) });
      return results;
    });
  }

  private async answer(
    queries: readonly string[],
    options: SearchOptions & { readonly method: Method },
    among?: ReadonlySet<string>,
  ): Promise<SearchResult[]> {
    const { space, trace } = this;
    const { minScore = -1, method: wanted, signal } = options;
    checkRequest(options);
    const texts = queries.map((query) => validateQuery(query, { field: 'query' }));
    const asking = findOptionsOf(
      { ...this.rows, k: space.k },
      options,
      passingRows(this.rows, options, among),
    );
    const find = { ...asking, filtered: asking.filtered || among !== undefined, signal };

    const started = performance.now();
    const { encoder } = space;
    const vectors = await trace(...embeddingsSpan(encoder), () => encoder.encode(texts, { signal }));
    const encoded = performance.now();
    const fallback = missingPart(space, wanted);
    const method = fallback === undefined ? wanted : 'plain';
    const embedded = { texts, vectors };
    const fanOuts = await trace('r4t.directions', {}, () => fanOutsOf(space, method, embedded, find));
    const directed = performance.now();
    const sets = await trace('r4t.search', {}, () => findSets(space, method, embedded, find, fanOuts));
    const ended = performance.now();
    const passing = passingItems(find);
    const timings = {
      encode: encoded - started,
      directions: directed - encoded,
      search: ended - directed,
      total: ended - started,
    };
    const reasons = await reasonsOf(answerer(space, method), space, embedded, sets);
    const asked = texts.map((text, i) => ({ text, vector: row(vectors, i) }));
    const unknowns = await Promise.all(asked.map((query) => isNonsense(space, query)));
    return sets.map((set, i) => {
      const unknown = unknowns[i];
      const items = unknown ? [] : setItems(space, set, asked[i].vector, reasons[i]);
      return {
        query: texts[i],
        method,
        ...(fallback !== undefined && { fallback }),
        ...(unknown && { unknown }),
        ...passing,
        items: items.filter(({ score }) => score >= minScore),
        timings,
      };
    });
  }
}

/**
 * What the items of a set are, and why they are there.
 *
 * @param query its vector, [d]
 */
export function setItems(
  { items, vectors }: Pick<MethodSpace, 'items' | 'vectors'>,
  { assigned }: RetrievedSet,
  query: Float32Array,
  why: Reasons,
): SetItem[] {
  return assigned.map(({ item, score, rank, direction }) => {
    const { id, title, text, category, image, metadata } = items[item];
    // Field by field: an object that is spread first and added to becomes a hash table, seven times as large.
    return {
      id,
      title,
      text,
      metadata,
      score: dot(query, row(vectors, item)),
      rank,
      direction,
      directionScore: score,
      ...(category !== undefined && { category }),
      ...(image !== undefined && { image }),
      ...why(item, direction),
    };
  });
}
