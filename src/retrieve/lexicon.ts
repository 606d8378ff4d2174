import type { Item } from '../catalog/item.js';
import { Bm25 } from '../lexical/bm25.js';
import type { MethodSpace } from './method.js';

/** The words of a catalog, indexed when they are first asked for. */
export function lexiconOf(items: readonly Item[]): MethodSpace['lexicon'] {
  let lexicon: Bm25 | undefined;
  return () => {
    lexicon ??= Bm25.of(items);
    return lexicon;
  };
}
