/** The terms by which texts are found: words in one spelling, without their endings. */
import { stemmer } from 'stemmer';
import { STOP_WORDS, segments, UNSPACED } from '../catalog/words.js';

/** Letters and digits with their marks, also across apostrophes, hyphens and decimal points. */
const WORD = /[\p{L}\p{N}\p{M}]+(?:(?:['’-]|(?<=\p{N})[.,](?=\p{N}))[\p{L}\p{N}\p{M}]+)*/gu;

/** Plurals that no rule of spelling gives. */
const IRREGULAR: ReadonlyMap<string, string> = new Map(
  Object.entries({
    men: 'man',
    women: 'woman',
    children: 'child',
    people: 'person',
    feet: 'foot',
    geese: 'goose',
    mice: 'mouse',
    teeth: 'tooth',
    knives: 'knife',
    leaves: 'leaf',
    loaves: 'loaf',
    scarves: 'scarf',
    shelves: 'shelf',
    halves: 'half',
    wolves: 'wolf',
  }),
);

/** STOP_WORDS as they are before their endings are taken. */
const STOP: ReadonlySet<string> = new Set([...STOP_WORDS].map(withoutApostrophes));

/** Terms of words met before: a catalog has few different ones. */
const known = new Map<string, string>();
const MOST_KNOWN = 50_000;

/**
 * The terms of a text, in its order and as often as they are in it: Unicode NFKC, lower case, Latin letters without accents, English
 * words without plural and verb endings (Porter, "An algorithm for suffix stripping", 1980, https://tartarus.org/martin/PorterStemmer/).
 * Chinese, Japanese, Thai, Lao, Khmer and Burmese are split into words by `Intl.Segmenter`. A word of two parts with a hyphen
 * gives three terms, so that "t-shirt" finds "t shirt" and "tshirt".
 *
 * @example
 * termsOf("Women's T-shirts, 2.5 kg"); // ['woman', 't', 'shirt', 'tshirt', '2.5', 'kg']
 */
export function termsOf(text: string): string[] {
  return surfaceWords(text).map(termOf);
}

/**
 * The terms to search for: those of the query without words such as "the" and "for", each once; where there are no others, these.
 */
export function queryTermsOf(query: string): string[] {
  const words = surfaceWords(query);
  const telling = words.filter((word) => !STOP.has(word));
  return [...new Set((telling.length > 0 ? telling : words).map(termOf))];
}

/** Words with their endings but without apostrophes. */
function surfaceWords(text: string): string[] {
  const words: string[] = [];
  for (const [word] of text.normalize('NFKC').toLowerCase().matchAll(WORD)) {
    if (UNSPACED.test(word)) words.push(...segments(word));
    else words.push(...parts(withoutApostrophes(word)));
  }
  return words;
}

/** "t-shirt" -> t, shirt, tshirt; of longer chains only the parts. */
function parts(word: string): string[] {
  if (!word.includes('-')) return [word];
  const between = word.split('-');
  return between.length === 2 ? [...between, between.join('')] : between;
}

/** "women's" -> women, "boys'" -> boys (its apostrophe ends the word anyway), "don't" -> dont. */
function withoutApostrophes(word: string): string {
  return word.replace(/['’]s(?=-|$)/gu, '').replace(/['’]/gu, '');
}

function termOf(word: string): string {
  let term = known.get(word);
  if (term === undefined) {
    const plain = withoutAccents(word);
    term = /^[a-z]+$/.test(plain) ? stemmer(IRREGULAR.get(plain) ?? plain) : plain;
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(word, term);
  }
  return term;
}

/** Accents are left out of Latin letters only: in other scripts marks tell letters apart (が is not か). */
function withoutAccents(word: string): string {
  return /\p{Script=Latin}/u.test(word) ? word.normalize('NFD').replace(/\p{M}+/gu, '') : word;
}
