import { groupsOf } from '../baselines/groupCap.js';
import { compileMask, type Filter, parseFilter } from '../catalog/filter.js';
import type { Metadata } from '../catalog/item.js';
import { validateQuery } from '../catalog/validateQuery.js';
import { contentWords } from '../catalog/words.js';
import { InputError } from '../errors.js';
import { dot, row } from '../matrix.js';
import type { GroupLimit } from './assign.js';
import { candidateMask } from './candidates.js';
import type { FindOptions, MethodSpace, RetrievedSet } from './method.js';
import { METHOD_NAMES, type Method } from './methodNames.js';
import { fanOutsOf, findSets, METHODS, missingPart } from './methods.js';
import { isNonsense } from './nonsense.js';

export { METHOD_NAMES, type Method } from './methodNames.js';

/** At most `max` items with the same value of a field. */
export interface Distinct {
  /** `category`, or a field of the metadata. */
  readonly field: string;
  /** Items a value (1). */
  readonly max?: number;
}

export interface SearchOptions {
  /** Items wanted (the run's k). */
  readonly k?: number;
  /** How to search ('diffusion'). */
  readonly method?: Method;
  /** Only items which pass all of these, e.g. `'price<50'` or `{ field: 'color', op: '=', value: 'red' }`. */
  readonly filter?: string | Filter | readonly (string | Filter)[];
  /**
   * 0 = only what fits best, 1 = as different as the method can (what validation chose). Only for methods that can: see
   * `METHOD_INFO`.
   */
  readonly diversity?: number;
  /** At most one item (or `max`) for each value of a field; items without the field are not limited. */
  readonly distinct?: string | Distinct;
  /** Ids of items that are not wanted, nor others of the same text. */
  readonly exclude?: readonly string[];
  /** Items passed over before the set begins: more like this set (0). */
  readonly offset?: number;
  /** Items whose relevance is below are left out, -1 to 1 (all are kept). */
  readonly minScore?: number;
  /** Denoising steps of the diffusion model (the run's default). */
  readonly steps?: number;
  /** The same seed gives the same set (0). */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

/** One item of a set, with why it is there. */
export interface SetItem {
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
  /** The words of the direction, where the method has words. */
  readonly subQuery?: string;
  /** Words that the item's text shares with the query. */
  readonly sharedWords: readonly string[];
}

export interface SearchResult {
  readonly query: string;
  /** The method that answered. */
  readonly method: Method;
  /** Why plain search answered instead of the method asked for; absent when it did not. */
  readonly fallback?: string;
  /** True where nothing of the query is known to the encoder or in the catalog: there are no items then. */
  readonly unknown?: true;
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
/** Items that may be passed over. */
export const MAX_OFFSET = 1000;

/** The online path, from parts in memory: query text -> embedding -> sets of distinct items. */
export class SetRetriever {
  constructor(protected readonly space: MethodSpace) {}

  /** Items a set by default. */
  get k(): number {
    return this.space.k;
  }

  /** Items in the catalog. */
  get size(): number {
    return this.space.items.length;
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
  async searchAll(queries: readonly string[], options: SearchOptions = {}): Promise<SearchResult[]> {
    const { space } = this;
    const { method: wanted = 'diffusion', minScore = -1, signal } = options;
    checkOptions(options);
    const texts = queries.map((query) => validateQuery(query, { field: 'query' }));
    const find = findOptionsOf(space, options);

    const started = performance.now();
    const vectors = await space.encoder.encode(texts, { signal });
    const encoded = performance.now();
    const fallback = missingPart(space, wanted);
    const method = fallback === undefined ? wanted : 'plain';
    const embedded = { texts, vectors };
    const fanOuts = await fanOutsOf(space, method, embedded, find);
    const directed = performance.now();
    const sets = await findSets(space, method, embedded, find, fanOuts);
    const ended = performance.now();
    const timings = {
      encode: encoded - started,
      directions: directed - encoded,
      search: ended - directed,
      total: ended - started,
    };
    return sets.map((set, i) => {
      const unknown = isNonsense(space, texts[i]);
      const items = unknown ? [] : setItems(space, set, { text: texts[i], vector: row(vectors, i) });
      return {
        query: texts[i],
        method,
        ...(fallback !== undefined && { fallback }),
        ...(unknown && { unknown }),
        items: items.filter(({ score }) => score >= minScore),
        timings,
      };
    });
  }
}

/** What the items of a set are, and why they are there. */
export function setItems(
  { items, vectors }: Pick<MethodSpace, 'items' | 'vectors'>,
  { assigned, subQueries }: RetrievedSet,
  query: { readonly text: string; readonly vector: Float32Array },
): SetItem[] {
  const words = new Set(contentWords(query.text));
  return assigned.map(({ item, score, rank, direction }) => ({
    ...items[item],
    score: dot(query.vector, row(vectors, item)),
    rank,
    direction,
    directionScore: score,
    ...(subQueries && { subQuery: subQueries[direction] }),
    sharedWords: [...new Set(contentWords(items[item].text))].filter((word) => words.has(word)),
  }));
}

/** The part of a request's options that finding sets reads. */
function findOptionsOf(space: MethodSpace, options: SearchOptions): FindOptions {
  const { k = space.k, offset, filter = [], exclude, distinct, diversity, steps, seed, signal } = options;
  const filters = (Array.isArray(filter) ? filter : [filter]).map((f) =>
    typeof f === 'string' ? parseFilter(f) : f,
  );
  const passing = filters.length > 0 ? compileMask(space.items, filters) : undefined;
  return {
    k,
    offset,
    mask: candidateMask(space.items, { mask: passing, exclude }),
    groups: distinct === undefined ? undefined : groupLimit(space, distinct),
    diversity,
    steps,
    seed,
    signal,
  };
}

/** @throws InputError for a field that no item has */
export function groupLimit({ items }: Pick<MethodSpace, 'items'>, distinct: string | Distinct): GroupLimit {
  const { field, max = 1 } = typeof distinct === 'string' ? { field: distinct } : distinct;
  checkRange('distinct.max', max, 1, MAX_K);
  return { of: groupsOf(items, field).of, most: max };
}

/** @throws InputError naming the option */
export function checkOptions({
  k,
  method = 'diffusion',
  steps,
  offset,
  diversity,
  minScore,
}: SearchOptions): void {
  if (!METHOD_NAMES.includes(method))
    throw new InputError(`is "${method}"; use one of ${METHOD_NAMES.join(', ')}`, { field: 'method' });
  if (k !== undefined) checkRange('k', k, 1, MAX_K);
  if (steps !== undefined) checkRange('steps', steps, 1, MAX_STEPS);
  if (offset !== undefined) checkRange('offset', offset, 0, MAX_OFFSET);
  if (minScore !== undefined) checkNumber('minScore', minScore, -1);
  if (diversity === undefined) return;
  checkNumber('diversity', diversity, 0);
  if (METHODS[method].setting?.name !== 'diversity') {
    const able = METHOD_NAMES.filter((name) => METHODS[name].setting?.name === 'diversity');
    throw new InputError(`cannot be set for ${method}; use one of ${able.join(', ')}`, {
      field: 'diversity',
    });
  }
}

function checkRange(field: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new InputError(`must be a whole number from ${least} to ${most}, got ${value}`, { field });
}

function checkNumber(field: string, value: number, least: number): void {
  if (value >= least && value <= 1) return;
  throw new InputError(`must be a number from ${least} to 1, got ${value}`, { field });
}
