import { Bm25 } from './bm25.js';

const known = new WeakMap<object, Bm25>();

/** The words of a catalog, indexed when they are first asked for, once a list of items: many searches need none. */
export function lexiconOf(items: readonly { readonly text: string }[]): () => Bm25 {
  return () => {
    const lexicon = known.get(items) ?? Bm25.of(items);
    known.set(items, lexicon);
    return lexicon;
  };
}
