import type { Filters } from '../catalog/filter/filter.js';
import { FilterTable } from '../catalog/filter/filterTable.js';
import type { Metadata } from '../catalog/item.js';
import { validateQuery } from '../catalog/validateQuery.js';
import { InputError } from '../errors.js';
import { findSets, makeFanOuts, missingModel, type SearchParts } from './findSets.js';
import type { RetrievedSet } from './methods.js';

export const METHODS = ['diffusion', 'folm', 'plain', 'mmr', 'dpp'] as const;
export type Method = (typeof METHODS)[number];

export interface SearchOptions {
  /** Items wanted (the run's k). */
  readonly k?: number;
  /** How to search ('diffusion'). */
  readonly method?: Method;
  /** Only items which pass, all of several, e.g. `'price<50'` or `{ field: 'color', op: '=', value: 'red' }`. */
  readonly filter?: Filters;
  /** Denoising steps of the diffusion model (the run's default). */
  readonly steps?: number;
  /** The same seed gives the same set (0). */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** One item of a set, with where it came from. */
export interface SetItem {
  readonly id: string;
  readonly title: string;
  readonly text: string;
  readonly category?: string;
  readonly image?: string;
  readonly metadata: Metadata;
  /** Cosine between the item and its direction. */
  readonly score: number;
  /** Rank of the item among the direction's hits, from 1; above 1 where other items of the set took the better ones. */
  readonly rank: number;
  /** Number of the direction. */
  readonly direction: number;
  /** What the policy wrote for this direction; only for method `folm`. */
  readonly subQuery?: string;
}

export interface SearchResult {
  readonly query: string;
  /** The method that answered. */
  readonly method: Method;
  /** Why plain search answered instead of the method asked for; absent when it did not. */
  readonly fallback?: string;
  readonly items: readonly SetItem[];
  /** Milliseconds. With several queries in one call: of the whole call. */
  readonly timings: {
    readonly encode: number;
    readonly directions: number;
    readonly search: number;
    readonly total: number;
  };
}

/** More items than this are a result list, not a set. */
export const MAX_K = 100;
/** More denoising steps than this only cost time. */
export const MAX_STEPS = 1000;

/** The online path, from parts in memory: query text -> embedding -> directions -> distinct items. */
export class SetRetriever {
  private readonly filters: FilterTable;

  constructor(private readonly parts: SearchParts) {
    const { items, ownNames } = parts.workspace;
    this.filters = new FilterTable(items, ownNames);
  }

  /** Items a set by default. */
  get k(): number {
    return this.parts.k;
  }

  /** Items in the catalog. */
  get size(): number {
    return this.parts.workspace.items.length;
  }

  /**
   * The set of items for a broad query.
   *
   * @throws InputError for an empty or over-long query, a `k` outside 1..100 or `steps` outside 1..1000, an unknown method or filter
   *
   * @example
   * const { items } = await retriever.search('camping gear', { k: 5, filter: 'price<100' });
   */
  async search(query: string, options: SearchOptions = {}): Promise<SearchResult> {
    return (await this.searchAll([query], options))[0];
  }

  /** Several queries in one batch, which costs less than one by one. */
  async searchAll(queries: readonly string[], options: SearchOptions = {}): Promise<SearchResult[]> {
    const { workspace } = this.parts;
    const { k = this.parts.k, method: wanted = 'diffusion', signal } = options;
    checkRange('k', k, MAX_K);
    if (options.steps !== undefined) checkRange('steps', options.steps, MAX_STEPS);
    if (!METHODS.includes(wanted))
      throw new InputError(`is "${wanted}"; use one of ${METHODS.join(', ')}`, { field: 'method' });
    const texts = queries.map((query) => validateQuery(query, { field: 'query' }));
    const { filter = [] } = options;
    const mask = Array.isArray(filter) && filter.length === 0 ? undefined : this.filters.mask(filter);

    const started = performance.now();
    const vectors = await workspace.encoder.encode(texts, { signal });
    const encoded = performance.now();
    const fallback = missingModel(this.parts, wanted);
    const method = fallback === undefined ? wanted : 'plain';
    const embedded = { texts, vectors };
    const fanOuts = await makeFanOuts(this.parts, method, embedded, { ...options, k });
    const directed = performance.now();
    const sets = await findSets(this.parts, method, embedded, fanOuts, { k, mask });
    const ended = performance.now();
    const timings = {
      encode: encoded - started,
      directions: directed - encoded,
      search: ended - directed,
      total: ended - started,
    };
    return sets.map((set, i) => ({
      query: texts[i],
      method,
      ...(fallback !== undefined && { fallback }),
      items: this.describe(set, fanOuts?.subQueries?.[i]),
      timings,
    }));
  }

  private describe({ assigned }: RetrievedSet, subQueries?: readonly string[]): SetItem[] {
    return assigned.map(({ item, score, rank, direction }) => ({
      ...this.parts.workspace.items[item],
      score,
      rank,
      direction,
      ...(subQueries && { subQuery: subQueries[direction] }),
    }));
  }
}

function checkRange(field: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new InputError(`must be a whole number from 1 to ${most}, got ${value}`, { field });
}
