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
  /** Conditions such as `price<50`. */
  readonly filters: readonly string[];
}

/** Every method, in the order of their columns. The names are checked against the library's by the compiler. */
export const METHOD_NAMES: Readonly<Record<Method, string>> = {
  plain: 'Plain search',
  mmr: 'MMR',
  dpp: 'DPP',
  folm: 'FOLM',
  diffusion: 'Diffusion',
};
export const METHODS = Object.keys(METHOD_NAMES) as Method[];

export const NOTHING_ASKED: Question = { query: '', methods: ['plain', 'diffusion'], seed: 0, filters: [] };

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
    filters: params.getAll('f').filter((filter) => filter.trim() !== ''),
  };
}

/** The other way; defaults are left out, so that a short question has a short address. */
export function formatAddress({ query, methods, k, steps, seed, filters }: Question): string {
  const params = new URLSearchParams();
  if (query !== '') params.set('q', query);
  if (methods.join() !== NOTHING_ASKED.methods.join()) params.set('m', methods.join(','));
  if (k !== undefined) params.set('k', String(k));
  if (steps !== undefined) params.set('steps', String(steps));
  if (seed !== 0) params.set('seed', String(seed));
  for (const filter of filters) params.append('f', filter);
  const text = params.toString();
  return text === '' ? '' : `?${text}`;
}

function wholeNumber(text: string | null, least: number): number | undefined {
  const value = Number(text);
  return text !== null && text.trim() !== '' && Number.isSafeInteger(value) && value >= least
    ? value
    : undefined;
}
