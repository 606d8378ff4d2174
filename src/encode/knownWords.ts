/** Which words of a text have vectors, and in which form. */
import { wordsOf } from '../catalog/words.js';

export interface Vocabulary {
  /** Place of the word by frequency, from 0 = the most frequent; undefined for a word without a vector. */
  rankOf(word: string): number | undefined;
}

/** Both words of a compound are at least so long, and among the commonest so many: else chance cuts names in two. */
const [LEAST_PART, COMMON] = [4, 20_000];

/**
 * The words of a text in the forms which the vocabulary has. A word it lacks is tried without a possessive or plural ending, then in
 * its hyphenated parts, then as a compound of two common words ("rainboots"); words it has in no form are left out.
 */
export function knownWords(text: string, vocabulary: Vocabulary): string[] {
  return wordsOf(text).flatMap((word) => knownForms(word, vocabulary));
}

/** The forms of one word that the vocabulary has; none for a word it does not know. */
export function knownForms(word: string, vocabulary: Vocabulary): string[] {
  const singular = word.replace(/'s?$/, '');
  const forms = [word, singular, singular.replace(/s$/, ''), singular.replace(/es$/, '')];
  const known = forms.find((form) => vocabulary.rankOf(form) !== undefined);
  if (known !== undefined) return [known];
  const parts = word.split('-').filter((part) => part.length > 1);
  if (word.includes('-')) return parts.flatMap((part) => knownForms(part, vocabulary));
  return forms.map((form) => compound(form, vocabulary)).find((pair) => pair.length > 0) ?? [];
}

/** The two words that a compound is made of; of several pairs the one whose rarer word is the most common. */
function compound(word: string, vocabulary: Vocabulary): string[] {
  let best: string[] = [];
  let rarest = COMMON;
  for (let at = LEAST_PART; at <= word.length - LEAST_PART; at++) {
    const pair = [word.slice(0, at), word.slice(at)];
    const rank = Math.max(...pair.map((part) => vocabulary.rankOf(part) ?? COMMON));
    if (rank < rarest) [best, rarest] = [pair, rank];
  }
  return best;
}
