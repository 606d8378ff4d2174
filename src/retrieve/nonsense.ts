/** Queries that mean nothing to a run. */
import type { MethodSpace } from './method.js';

/**
 * Whether no word of the query is known: neither to the encoder, as far as it can tell, nor to the catalog. Its nearest items
 * would be as good as drawn by lot, and yet look like an answer.
 */
export function isNonsense(
  { encoder, lexicon }: Pick<MethodSpace, 'encoder' | 'lexicon'>,
  text: string,
): boolean {
  return encoder.knows?.(text) === false && lexicon().search(text, { k: 1 }).items.length === 0;
}
