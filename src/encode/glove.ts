/** The word vectors that come with the package, as part of an encoder. */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import * as z from 'zod';
import { wordsOf } from '../catalog/words.js';
import { InputError } from '../errors.js';
import { evenly } from '../evenly.js';
import { readError } from '../inputFile.js';
import { row } from '../matrix.js';
import type { CatalogEncoder, Encoder } from './encoder.js';
import { knownForms } from './knownWords.js';
import { normalizeText } from './normalizeText.js';
import { fitProjection } from './projection.js';
import { WordTable, type WordVectors } from './wordTable.js';
import { catalogWords, SifEncoder, type SifState, weightedMeans, wordWeights } from './wordVectors.js';

/**
 * The file of the package `@r4t/words`; `scripts/wordVectors.ts` makes it.
 *
 * @throws {InputError} when the package is not installed
 */
export function gloveFile(): string {
  try {
    return createRequire(import.meta.url).resolve('@r4t/words/glove-100d.bin');
  } catch (cause) {
    throw new InputError('the package @r4t/words is not installed; npm install @r4t/words', {}, { cause });
  }
}

export const GLOVE_ID = 'glove-100d/sif';
/** Texts that say what all texts share; of more, so many from all over the catalog. */
const SAMPLE = 20_000;

/**
 * The commonest 100,000 English words of GloVe (100 dimensions, Wikipedia 2014 and Gigaword 5: Pennington, Socher & Manning,
 * EMNLP 2014). Takes about 50 ms and 20 MB.
 *
 * @throws {InputError} when the file is missing or damaged
 */
export async function readGlove(file: string = gloveFile()): Promise<WordTable> {
  try {
    return WordTable.decode(await readFile(file), file);
  } catch (error) {
    throw readError(error, file);
  }
}

const stateSchema = z.object({
  common: z.array(z.number()),
  counts: z.record(z.string(), z.number()),
  others: z.array(z.string()),
});

/** Sentence vectors of `words`, see {@link SifEncoder}, that are fitted to a catalog. */
export function sif(words: WordVectors, id: string = GLOVE_ID): CatalogEncoder {
  return {
    id,
    reads(text) {
      const all = wordsOf(normalizeText(text)).filter((word) => /\p{L}/u.test(word));
      const known = all.filter((word) => knownForms(word, words).length > 0);
      return { known: known.length / Math.max(all.length, 1), isCut: false };
    },
    async fitTo(texts, { signal } = {}) {
      if (texts.length === 0) throw new InputError('word vectors need the texts of a catalog, got none');
      const { counts, others } = catalogWords(texts, words);
      const means = weightedMeans(evenly(texts, SAMPLE), words, wordWeights(words, counts));
      // Not unit rows: the common component is that of the means themselves, as in the paper.
      const { components } = await fitProjection(means, { d: 1, signal });
      const state: SifState = { common: [...row(components, 0)], counts, others };
      return { encoder: new SifEncoder(id, words, state), state };
    },
    restore(state): Encoder {
      const result = stateSchema.safeParse(state);
      if (result.success && result.data.common.length === words.dim) {
        return new SifEncoder(id, words, result.data);
      }
      throw new InputError(`is no state of the encoder "${id}"`);
    },
  };
}
