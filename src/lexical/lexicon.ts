import { Bm25 } from './bm25.js';

/** The words of a catalog, indexed when they are first asked for: many searches need none. */
export function lexiconOf(items: readonly { readonly text: string }[]): () => Bm25 {
  let lexicon: Bm25 | undefined;
  return () => {
    lexicon ??= Bm25.of(items);
    return lexicon;
  };
}
