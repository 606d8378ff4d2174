import { oncePer } from '../oncePer.js';
import { Bm25 } from './bm25.js';

const indexed = oncePer((items: readonly { readonly text: string }[]) => Bm25.of(items));

/** The words of a catalog, indexed when they are first asked for, once a list of items: many searches need none. */
export const lexiconOf =
  (items: readonly { readonly text: string }[]): (() => Bm25) =>
  () =>
    indexed(items);
