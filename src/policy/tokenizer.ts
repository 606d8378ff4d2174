/** A byte-pair tokenizer learned on the catalog's own words (Sennrich, Haddow & Birch 2016). */

/** Ids of the special tokens; ordinary tokens follow. */
export const PAD = 0;
/** Ends a sub-query. */
export const SEPARATOR = 1;
/** Stands between the query and its completion. */
export const START = 2;
/** A character which the catalog never used. Read in queries, never written. */
export const UNKNOWN = 3;
const SPECIALS = ['<pad>', '<sep>', '<start>', '<unk>'];

/** Marks a token that begins a word after a space (or the text). */
const BOUNDARY = '▁';
const PAIR_BASE = 2 ** 21;

/** What a tokenizer is made of; plain JSON. */
export interface TokenizerState {
  readonly vocabulary: readonly string[];
  /** Pairs of token ids in the order they were merged; merge `i` made token `vocabulary.length - merges.length + i`. */
  readonly merges: readonly (readonly [number, number])[];
}

export interface TrainTokenizerOptions {
  /** Upper bound on the number of tokens, special ones included; characters too rare to fit become UNKNOWN. */
  readonly vocabularySize: number;
}

export class Tokenizer {
  private readonly ids: ReadonlyMap<string, number>;
  private readonly ranks: ReadonlyMap<number, number>;
  private readonly firstMerged: number;
  private readonly cache = new Map<string, readonly number[]>();

  constructor(readonly state: TokenizerState) {
    this.firstMerged = state.vocabulary.length - state.merges.length;
    this.ids = new Map(state.vocabulary.slice(0, this.firstMerged).map((token, id) => [token, id]));
    this.ranks = new Map(state.merges.map(([a, b], rank) => [a * PAIR_BASE + b, rank]));
  }

  get size(): number {
    return this.state.vocabulary.length;
  }

  /** Whether a token begins a new word. */
  startsWord(id: number): boolean {
    return this.state.vocabulary[id].startsWith(BOUNDARY);
  }

  /** Text -> token ids, without special tokens (but UNKNOWN). */
  encode(text: string): number[] {
    return words(text).flatMap((word) => this.encodeWord(word));
  }

  /** Token ids -> text; special tokens are left out. */
  decode(ids: Iterable<number>): string {
    let text = '';
    for (const id of ids) if (id >= SPECIALS.length) text += this.state.vocabulary[id];
    return text.replaceAll(BOUNDARY, ' ').trim();
  }

  private encodeWord(word: string): readonly number[] {
    const known = this.cache.get(word);
    if (known) return known;
    const ids = symbols(word).map((symbol) => this.ids.get(symbol) ?? UNKNOWN);
    for (;;) {
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i + 1 < ids.length; i++) {
        best = Math.min(best, this.ranks.get(ids[i] * PAIR_BASE + ids[i + 1]) ?? best);
      }
      if (best === Number.POSITIVE_INFINITY) break;
      mergePair(ids, this.state.merges[best], this.firstMerged + best);
    }
    if (this.cache.size < 200_000) this.cache.set(word, ids);
    return ids;
  }
}

/**
 * Learns a tokenizer: starts from the characters in use and merges the most frequent neighbours until the vocabulary
 * is full or no pair occurs twice. Ties go to the pair of the older tokens, so the same texts give the same tokenizer.
 */
export function trainTokenizer(
  texts: Iterable<string>,
  { vocabularySize }: TrainTokenizerOptions,
): Tokenizer {
  const counts = new Map<string, number>();
  for (const text of texts) for (const word of words(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const vocabulary = [...SPECIALS, ...commonSymbols(counts, vocabularySize - SPECIALS.length)];
  const ids = new Map(vocabulary.map((symbol, id) => [symbol, id]));
  const corpus = [...counts].map(([word, count]) => ({
    count,
    ids: symbols(word).map((symbol) => ids.get(symbol) ?? UNKNOWN),
  }));
  const pairs = new PairCounts();
  corpus.forEach(({ ids: word, count }, i) => {
    pairs.add(word, count, i);
  });
  const merges: [number, number][] = [];
  while (vocabulary.length < vocabularySize) {
    const best = pairs.mostFrequent();
    if (!best) break;
    const [left, right] = best.pair;
    const merged = vocabulary.push(vocabulary[left] + vocabulary[right]) - 1;
    merges.push([left, right]);
    for (const i of best.where) {
      const { ids: word, count } = corpus[i];
      pairs.add(word, -count, i);
      mergePair(word, [left, right], merged);
      pairs.add(word, count, i);
    }
  }
  return new Tokenizer({ vocabulary, merges });
}

/** The most frequent characters of the words, at most `room`; equally frequent ones in the order of the texts. */
function commonSymbols(words: ReadonlyMap<string, number>, room: number): string[] {
  const counts = new Map<string, number>();
  for (const [word, count] of words) {
    for (const symbol of symbols(word)) counts.set(symbol, (counts.get(symbol) ?? 0) + count);
  }
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, Math.max(0, room))
    .map(([symbol]) => symbol);
}

/** How often each pair of neighbouring known tokens occurs, and in which words. */
class PairCounts {
  private readonly counts = new Map<number, number>();
  private readonly where = new Map<number, Set<number>>();

  add(word: readonly number[], count: number, index: number): void {
    for (let i = 0; i + 1 < word.length; i++) {
      if (word[i] === UNKNOWN || word[i + 1] === UNKNOWN) continue;
      const key = word[i] * PAIR_BASE + word[i + 1];
      const total = (this.counts.get(key) ?? 0) + count;
      if (total <= 0) {
        this.counts.delete(key);
        this.where.delete(key);
        continue;
      }
      this.counts.set(key, total);
      let places = this.where.get(key);
      if (!places) {
        places = new Set();
        this.where.set(key, places);
      }
      places.add(index);
    }
  }

  /** The pair to merge next, or undefined when none occurs twice. */
  mostFrequent(): { pair: [number, number]; where: number[] } | undefined {
    let best = -1;
    let most = 1;
    for (const [key, count] of this.counts) {
      // Not by the map's order: a pair which is counted down to nothing and up again moves to its end.
      if (count > most || (count === most && key < best)) {
        most = count;
        best = key;
      }
    }
    if (best < 0) return undefined;
    return {
      pair: [Math.floor(best / PAIR_BASE), best % PAIR_BASE],
      where: [...(this.where.get(best) ?? [])],
    };
  }
}

/** Replaces every occurrence of the pair in place. */
function mergePair(ids: number[], [left, right]: readonly [number, number], merged: number): void {
  let end = 0;
  for (let i = 0; i < ids.length; i++) {
    const hit = ids[i] === left && ids[i + 1] === right;
    ids[end++] = hit ? merged : ids[i];
    if (hit) i++;
  }
  ids.length = end;
}

/** Lower-cased runs of letters and digits, and single other characters; those after a space carry the boundary mark. */
function words(text: string): string[] {
  const found: string[] = [];
  // Twice, because lower case can decompose; so that what was decoded is read as the same characters again.
  const normal = text.normalize('NFKC').toLowerCase().normalize('NFKC');
  // The mark is reserved; a text that contains it must not forge a boundary.
  const plain = normal.replaceAll(BOUNDARY, ' ');
  for (const { 0: word, index } of plain.matchAll(/[\p{L}\p{M}\p{N}]+|[^\s\p{L}\p{M}\p{N}]/gu)) {
    const spaced = index === 0 || /\s/u.test(plain[index - 1]);
    found.push(spaced ? BOUNDARY + word : word);
  }
  return found;
}

/** The characters of a word; the boundary mark stays with the first one, so that no token is a bare space. */
function symbols(word: string): string[] {
  const characters = Array.from(word);
  if (characters[0] !== BOUNDARY) return characters;
  return [BOUNDARY + characters[1], ...characters.slice(2)];
}
