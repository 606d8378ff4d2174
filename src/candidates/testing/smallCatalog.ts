/** Catalogs with words, vectors and sets drawn at random, for tests of candidates. */
import { RidgeSmoother, withConstant } from '../../encode/ridgeSmoother.js';
import type { LabelledQueries } from '../../environment.js';
import { Bm25 } from '../../lexical/bm25.js';
import { randomVectors } from '../../policy/testing/scene.js';
import { plainIndex } from '../../policy/testing/world.js';
import { CounterRandom } from '../../random.js';
import type { CandidatesOptions } from '../candidates.js';
import type { RememberedSets } from '../setMemory.js';

/** What a text may say, the first words more often than the last. */
const WORDS = ['tent', 'boot', 'lamp', 'rope', 'map', 'stove', 'knife', 'torch', 'mug', 'mat'];

function texts(count: number, seed: number): string[] {
  const random = new CounterRandom(seed, 'texts');
  const word = () => WORDS[Math.floor(WORDS.length * random.uniform() ** 2)];
  return Array.from({ length: count }, () => `${word()} ${word()} ${word()}`);
}

export function smallCatalog(size: number): CandidatesOptions {
  const vectors = randomVectors(size, 1);
  const lexicon = Bm25.of(texts(size, 1).map((text) => ({ text })));
  return { vectors, index: plainIndex(vectors), lexicon: () => lexicon };
}

/** Queries with sets of `each` items, of the first rows of a catalog: what no set has is there too. */
export function labelledQueries(
  count: number,
  { rows, each = 4, seed = 2 }: { readonly rows: number; readonly each?: number; readonly seed?: number },
): LabelledQueries {
  const random = new CounterRandom(seed, 'sets');
  return {
    texts: texts(count, seed),
    vectors: randomVectors(count, seed),
    references: Array.from({ length: count }, () => [...random.permutation(rows).subarray(0, each)]),
  };
}

/** The vectors of every small catalog: a smaller one has the first of them. */
const LARGEST = randomVectors(3000, 1);

/** What a memory of these queries holds. */
export const remembered = (
  { vectors, references }: Pick<LabelledQueries, 'vectors' | 'references'>,
  ridge = 1,
): RememberedSets => ({
  vectors,
  references,
  smoother: new RidgeSmoother(withConstant(vectors)).matrix(ridge),
  catalog: LARGEST,
});
