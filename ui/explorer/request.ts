/** What is asked, as it stands in the address of the page: a link to a comparison is a whole comparison. */
import type { Method } from '../../src/retrieve/methodNames.js';
import type { SearchRequest } from '../../src/serve/http/schemas.js';
import { METHODS } from './methods.ts';

export interface Question {
  readonly query: string;
  /** Undefined: those of `defaultMethods`. */
  readonly methods?: readonly Method[];
  /** Items a set; undefined: the run's. */
  readonly k?: number;
  /** Denoising steps; undefined: the run's. */
  readonly steps?: number;
  readonly seed: number;
  /** From 0, what fits best, to 1, as different as the methods can; undefined: what validation chose. */
  readonly diversity?: number;
  /** At most so many items with the same value of a field. */
  readonly distinct?: { readonly field: string; readonly max: number };
  /** Items of less relevance are left out, -1 to 1; undefined: none. */
  readonly minScore?: number;
  /** Items passed over: more like this. */
  readonly offset: number;
  /** Ids of items that are not wanted. */
  readonly exclude: readonly string[];
  /** Conditions such as `price<50`. */
  readonly filters: readonly string[];
}

export const NOTHING_ASKED: Question = { query: '', seed: 0, offset: 0, exclude: [], filters: [] };

/** Reads the address; what makes no sense is left at its default. */
export function parseAddress(search: string): Question {
  const params = new URLSearchParams(search);
  const named = params.get('m')?.split(',') ?? [];
  const methods = METHODS.filter((method) => named.includes(method));
  const field = params.get('by') ?? '';
  return {
    query: params.get('q') ?? '',
    methods: methods.length > 0 ? methods : undefined,
    k: wholeNumber(params.get('k'), 1),
    steps: wholeNumber(params.get('steps'), 1),
    seed: wholeNumber(params.get('seed'), 0) ?? 0,
    diversity: fraction(params.get('d'), 0),
    distinct: field === '' ? undefined : { field, max: wholeNumber(params.get('most'), 1) ?? 1 },
    minScore: fraction(params.get('min'), -1),
    offset: wholeNumber(params.get('from'), 0) ?? 0,
    exclude: params.getAll('not').filter((id) => id !== ''),
    filters: params.getAll('f').filter((filter) => filter.trim() !== ''),
  };
}

/** The other way; defaults are left out, so that a short question has a short address. */
export function formatAddress(question: Question): string {
  const { query, methods, k, steps, seed, diversity, distinct, minScore, offset, exclude, filters } =
    question;
  const params = new URLSearchParams();
  const add = (name: string, value: string | number | undefined) => {
    if (value !== undefined) params.set(name, String(value));
  };
  if (query !== '') add('q', query);
  add('m', methods?.join(','));
  add('k', k);
  add('steps', steps);
  if (seed !== 0) add('seed', seed);
  add('d', diversity);
  add('by', distinct?.field);
  if (distinct && distinct.max !== 1) add('most', distinct.max);
  add('min', minScore);
  if (offset !== 0) add('from', offset);
  for (const id of exclude) params.append('not', id);
  for (const filter of filters) params.append('f', filter);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

/** The request for one method's set; `canDiversify` says whether the method has a diversity. */
export function requestOf(question: Question, method: Method, canDiversify: boolean): SearchRequest {
  const { query, k, steps, seed, diversity, distinct, minScore, offset, exclude, filters } = question;
  return {
    query,
    method,
    k,
    seed,
    directions: true,
    reference: true,
    distinct,
    minScore,
    ...(method === 'diffusion' && { steps }),
    ...(canDiversify && { diversity }),
    ...(offset > 0 && { offset }),
    ...(exclude.length > 0 && { exclude: [...exclude] }),
    ...(filters.length > 0 && { filter: [...filters] }),
  };
}

function fraction(text: string | null, least: number): number | undefined {
  const value = Number(text);
  return text !== null && text.trim() !== '' && value >= least && value <= 1 ? value : undefined;
}

function wholeNumber(text: string | null, least: number): number | undefined {
  const value = Number(text);
  return text !== null && text.trim() !== '' && Number.isSafeInteger(value) && value >= least
    ? value
    : undefined;
}
