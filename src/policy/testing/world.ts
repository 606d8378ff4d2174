/** A world to retrieve from that needs no model: letters are meaning. */
import type { Item } from '../../catalog/item.js';
import { TEXTS } from '../../catalog/testing/things.js';
import { letterEncoder } from '../../encode/testing/letterEncoder.js';
import type { RetrievalWorld } from '../../environment.js';
import { lexiconOf } from '../../lexical/lexicon.js';
import { plainIndex } from '../../vectorIndex/testing/plainIndex.js';

export { letterEncoder, plainIndex };

export async function letterWorld(texts: readonly string[] = TEXTS): Promise<RetrievalWorld> {
  const items = texts.map((text, i): Item => ({ id: `${i}`, text, title: text, metadata: {} }));
  const vectors = await letterEncoder.encode(texts);
  return {
    items,
    vectors,
    lexicon: lexiconOf(items),
    index: plainIndex(vectors),
    encoder: letterEncoder,
    subQueryEncoder: letterEncoder,
  };
}
