/** What is asked, as it stands in the address of the page: a link to a comparison is a whole comparison. */
import type { Method } from '../../src/retrieve/retriever.js';

export interface Question {
  readonly query: string;
  readonly methods: readonly Method[];
  /** Items a set; undefined: the run's. */
  readonly k?: number;
  /** Denoising steps; undefined: the run's. */
  readonly steps?: number;
  readonly seed: number;
  /** From 0, what fits best, to 1, as different as the methods can; undefined: what validation chose. */
  readonly diversity?: number;
  /** Items passed over: more like this. */
  readonly offset: number;
  /** Ids of items that are not wanted. */
  readonly exclude: readonly string[];
  /** Conditions such as `price<50`. */
  readonly filters: readonly string[];
}

/** Every method, in the order of their columns. The names are checked against the library's by the compiler. */
export const METHOD_NAMES: Readonly<Record<Method, string>> = {
  plain: 'Plain search',
  bm25: 'BM25',
  hybrid: 'Hybrid',
  mmr: 'MMR',
  dpp: 'DPP',
  groupCap: 'Group cap',
  kmeans: 'k-means',
  keywords: 'Keywords',
  nearestQueries: 'Near queries',
  adapter: 'Adapter',
  adapterMmr: 'Adapter + MMR',
  popular: 'Commonest',
  vote: 'Vote',
  classifier: 'Classifier',
  folm: 'FOLM',
  diffusion: 'Diffusion',
};
export const METHODS = Object.keys(METHOD_NAMES) as Method[];
/** Methods whose items can be asked to be more or less different. */
export const DIVERSIFIABLE: ReadonlySet<Method> = new Set([
  'mmr',
  'dpp',
  'kmeans',
  'keywords',
  'nearestQueries',
  'adapterMmr',
  'folm',
  'diffusion',
]);

export const NOTHING_ASKED: Question = {
  query: '',
  methods: ['plain', 'diffusion'],
  seed: 0,
  offset: 0,
  exclude: [],
  filters: [],
};

/** Reads the address; what makes no sense is left at its default. */
export function parseAddress(search: string): Question {
  const params = new URLSearchParams(search);
  const named = params.get('m')?.split(',') ?? [];
  const methods = METHODS.filter((method) => named.includes(method));
  return {
    query: params.get('q') ?? '',
    methods: methods.length > 0 ? methods : NOTHING_ASKED.methods,
    k: wholeNumber(params.get('k'), 1),
    steps: wholeNumber(params.get('steps'), 1),
    seed: wholeNumber(params.get('seed'), 0) ?? 0,
    diversity: share(params.get('d')),
    offset: wholeNumber(params.get('from'), 0) ?? 0,
    exclude: params.getAll('not').filter((id) => id !== ''),
    filters: params.getAll('f').filter((filter) => filter.trim() !== ''),
  };
}

/** The other way; defaults are left out, so that a short question has a short address. */
export function formatAddress(question: Question): string {
  const { query, methods, k, steps, seed, diversity, offset, exclude, filters } = question;
  const params = new URLSearchParams();
  if (query !== '') params.set('q', query);
  if (methods.join() !== NOTHING_ASKED.methods.join()) params.set('m', methods.join(','));
  if (k !== undefined) params.set('k', String(k));
  if (steps !== undefined) params.set('steps', String(steps));
  if (seed !== 0) params.set('seed', String(seed));
  if (diversity !== undefined) params.set('d', String(diversity));
  if (offset !== 0) params.set('from', String(offset));
  for (const id of exclude) params.append('not', id);
  for (const filter of filters) params.append('f', filter);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function share(text: string | null): number | undefined {
  const value = Number(text);
  return text !== null && text.trim() !== '' && value >= 0 && value <= 1 ? value : undefined;
}

function wholeNumber(text: string | null, least: number): number | undefined {
  const value = Number(text);
  return text !== null && text.trim() !== '' && Number.isSafeInteger(value) && value >= least
    ? value
    : undefined;
}
