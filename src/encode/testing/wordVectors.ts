/** A file of word vectors in the format of winkNLP's packages; the words by falling frequency. */
export function wordVectorJson(words: Readonly<Record<string, readonly number[]>>): string {
  const names = Object.keys(words);
  const dimensions = Object.values(words)[0].length;
  const entries = names.map((word, rank) => [word, [...words[word], Math.hypot(...words[word]), rank]]);
  return JSON.stringify({
    precision: 8,
    l2NormIndex: dimensions,
    wordIndex: dimensions + 1,
    size: names.length,
    dimensions,
    words: names,
    vectors: Object.fromEntries(entries),
    unkVector: [...new Array(dimensions + 1).fill(0), -1],
  });
}
