/** Sets among the hits that another engine has found. */

import { dppMap, thetaOf } from '../baselines/dpp.js';
import { mmr } from '../baselines/mmr.js';
import { idText } from '../catalog/ids.js';
import { InputError } from '../errors.js';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import { METHODS } from './methods.js';

interface HowDiverse {
  /** The vector of each hit, in the order of the hits, all of one length; any scale. */
  readonly vectors: readonly ArrayLike<number>[];
  /** Items wanted. */
  readonly k: number;
  /** Maximal marginal relevance, or greedy MAP of a determinantal point process (`mmr`). */
  readonly method?: 'mmr' | 'dpp';
  /** 0 = the best hits as they are, 1 = as different as can be (0.1 of `mmr`, 0.02 of `dpp`). */
  readonly diversity?: number;
}

/** Relevance is said in one of two ways. */
export type DiversifyOptions = HowDiverse &
  (
    | {
        /** The query's vector: a hit is as relevant as its cosine to it. */
        readonly query: ArrayLike<number>;
        readonly relevance?: undefined;
      }
    | {
        /** The relevance of each hit. It is weighed against cosines, so its scale should be theirs: at most 1. */
        readonly relevance: ArrayLike<number>;
        readonly query?: undefined;
      }
  );

/**
 * A diverse set of hits which any engine has found. No run is needed. O(n k d), and for `dpp` O(n k^2) besides.
 *
 * @returns `k` of the hits, or all where there are fewer, in the order in which they were chosen; of equally good ones the earlier
 * @throws InputError for vectors that are missing, of different lengths or without direction, and numbers out of their range
 *
 * @example
 * const set = diversify(hits, { vectors: hits.map(({ vector }) => vector), query, k: 10, method: 'mmr', diversity: 0.3 });
 */
export function diversify<T>(hits: readonly T[], options: DiversifyOptions): T[] {
  const { vectors, k, method = 'mmr', diversity = METHODS[method]?.setting?.usual, query } = options;
  if (method !== 'mmr' && method !== 'dpp')
    throw new InputError(`is "${method}"; use mmr or dpp`, { field: 'method' });
  if (!Number.isInteger(k) || k < 1)
    throw new InputError(`must be a whole number from 1, got ${k}`, { field: 'k' });
  if (diversity === undefined || !(diversity >= 0 && diversity <= 1))
    throw new InputError(`must be a number from 0 to 1, got ${diversity}`, { field: 'diversity' });
  if (hits.length === 0) return [];
  const candidates = unitRows(vectors, hits.length);
  const relevance = query
    ? cosinesTo(candidates, query)
    : checkedNumbers(options.relevance, hits.length, 'relevance');
  // A determinant weighed by nothing but relevance would be infinite.
  const places =
    method === 'mmr' || diversity === 0
      ? mmr({ candidates, relevance, lambda: 1 - diversity, k })
      : dppMap({ candidates, relevance, theta: thetaOf(diversity), k });
  return Array.from(places, (place) => hits[place]);
}

function unitRows(vectors: readonly ArrayLike<number>[], count: number): Matrix {
  if (vectors?.length !== count)
    throw new InputError(`are ${vectors?.length ?? 0}, the hits are ${count}; give one for each hit`, {
      field: 'vectors',
    });
  const cols = vectors[0]?.length;
  const all = matrix(count, cols ?? 0, new Float32Array(count * (cols ?? 0)));
  for (const [i, vector] of vectors.entries()) {
    const field = `vectors[${i}]`;
    if (typeof vector !== 'object' || vector === null || vector.length !== cols || cols === 0)
      throw new InputError(`has ${vector?.length ?? 'no'} numbers, the first vector ${cols ?? 'none'}`, {
        field,
      });
    row(all, i).set(vector);
    const norm = dot(row(all, i), row(all, i));
    if (!(norm > 0 && norm < Number.POSITIVE_INFINITY))
      throw new InputError('is no direction; expected finite numbers, not all 0', { field });
  }
  return normalizeRows(all);
}

function cosinesTo(candidates: Matrix, query: ArrayLike<number>): Float64Array {
  if (query.length !== candidates.cols)
    throw new InputError(`has ${query.length} numbers, the hits' vectors ${candidates.cols}`, {
      field: 'query',
    });
  const unit = row(unitRows([query], 1), 0);
  return Float64Array.from({ length: candidates.rows }, (_, i) => dot(unit, row(candidates, i)));
}

function checkedNumbers(
  values: ArrayLike<number> | undefined,
  count: number,
  field: string,
): ArrayLike<number> {
  if (values === undefined)
    throw new InputError('is missing; give it, or the vector of the query as `query`', { field });
  const bad = Array.from({ length: count }, (_, i) => values[i]).findIndex((x) => !Number.isFinite(x));
  if (bad < 0) return values;
  throw new InputError(`is ${values[bad]}; expected a number for each hit`, { field: `${field}[${bad}]` });
}

/** How hits name items of the catalog. */
export interface HitIds<T> {
  /** The catalog's id of a hit (the hit's `id`, or the hit itself where it is a text or number). */
  readonly id?: (hit: T) => string | number;
}

/**
 * The hits by their ids; of several of one id the first.
 *
 * @throws InputError for a hit without an id
 */
export function hitsById<T>(hits: readonly T[], { id = usualId }: HitIds<T>): Map<string, T> {
  const byId = new Map<string, T>();
  for (const [i, hit] of hits.entries()) {
    const text = idText(id(hit));
    if (text === '')
      throw new InputError('has no id; give `id`, which takes it from a hit', { field: `hits[${i}]` });
    if (!byId.has(text)) byId.set(text, hit);
  }
  return byId;
}

const usualId = (hit: unknown): string | number =>
  (typeof hit === 'object' && hit !== null ? (hit as { id: string | number }).id : hit) as string | number;
