import { lexiconOf } from '../../lexical/lexicon.js';
import { letterWorld } from '../../policy/testing/world.js';
import type { MethodSpace } from '../../retrieve/method.js';

/** A small catalog to search, with neither labels nor models. */
export async function letterSpace(): Promise<MethodSpace> {
  const world = await letterWorld();
  return {
    ...world,
    k: 3,
    lexicon: lexiconOf(world.items),
    aspects: () => () => undefined,
    settings: {},
    usual: 'plain',
  };
}
