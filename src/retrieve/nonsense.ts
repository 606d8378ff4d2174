/** Queries that mean nothing to a run. */
import { type Item, textsOf } from '../catalog/item.js';
import { wordsOf } from '../catalog/words.js';
import { evenRows } from '../evenly.js';
import { Spelling } from '../lexical/spelling.js';
import { gatherRows, matrix } from '../matrix.js';
import type { MethodSpace } from './method.js';

type Space = Pick<MethodSpace, 'encoder' | 'lexicon' | 'items' | 'vectors' | 'index' | 'training'>;

/**
 * Whether a query is no more than keys at random: none of its words is in the catalog, the encoder does not know all of them, they are
 * spelt as if letters were drawn by lot, and no item is as near as most items have a neighbour. Its nearest items would be as good as
 * drawn by lot too, and yet look like an answer. A word that is merely unheard-of, such as the name of a dish, is no nonsense. Of an
 * encoder that cannot say which words it knows, nothing is.
 *
 * @param vector of the query, [d]
 */
export async function isNonsense(
  space: Space,
  { text, vector }: { readonly text: string; readonly vector: Float32Array },
): Promise<boolean> {
  const { encoder, lexicon, index } = space;
  const isKnown = (words: string) => encoder.knows?.(words) !== false;
  if ([text, ...wordsOf(text)].every(isKnown)) return false;
  if (lexicon().search(text, { k: 1 }).items.length > 0) return false;
  const { spelling, nearness } = knownOf(space);
  if (spelling.likelihood(text) >= 0) return false;
  const { scores } = await index.search(matrix(1, vector.length, vector), { k: 1 });
  return scores[0] < (await nearness);
}

/** What is known of a catalog; worked out when a query first needs it. */
interface Known {
  readonly spelling: Spelling;
  /** The cosine to its nearest neighbour that a quarter of the items do not reach. */
  readonly nearness: Promise<number>;
}

const known = new WeakMap<readonly Item[], Known>();

function knownOf({ items, training, vectors, index }: Space): Known {
  let found = known.get(items);
  if (!found) {
    const texts = function* () {
      yield* textsOf(items);
      yield* training?.texts ?? [];
    };
    found = { spelling: new Spelling(texts()), nearness: usualNearness({ vectors, index }) };
    known.set(items, found);
  }
  return found;
}

/** Items of which the nearest neighbours are looked for. */
const SAMPLE = 500;

async function usualNearness({ vectors, index }: Pick<Space, 'vectors' | 'index'>): Promise<number> {
  const rows = evenRows(vectors.rows, SAMPLE);
  const { indices, scores, k } = await index.search(gatherRows(vectors, rows), { k: 2 });
  // The nearest is the item itself, unless another has the same vector.
  const nearest = rows.map((row, i) => scores[i * k + Number(indices[i * k] === row)]);
  return nearest.sort((a, b) => a - b)[Math.floor(nearest.length / 4)];
}
