/** Sub-queries made of pieces near the query, whole texts or words: which token may come next. */
import type { Writes } from './decoder.js';
import { FORBIDDEN, type Format } from './format.js';
import type { NearTokens } from './neighbourhood.js';

/** Position of the separator among the tokens near a query; see `NearTokens`. */
const END = 0;

/**
 * Follows one completion (constrained decoding as in GENRE: De Cao et al., ICLR 2021). The policy then chooses among what is there,
 * and no reward has to teach it first which letters are words, or which words exist together. Tokens are positions in the query's own small
 * vocabulary (`NearTokens.tokens`).
 */
export interface Speller {
  /** 0 for tokens that may come next, -1e9 for all others, [tokens]. */
  writeBias(bias: Float32Array): void;
  /** Goes on by a token that may come next. */
  write(token: number): void;
}

export const spellerOf = (near: NearTokens, writes: Writes, { maxTokens }: Format): Speller =>
  writes === 'nearTexts' ? new TextSpeller(near.pieces) : new WordSpeller(near, maxTokens);

/** Every sub-query is one of the texts, each at most once as long as there are others. */
export class TextSpeller implements Speller {
  /** Texts not written yet, and those of them which begin with the tokens of the current sub-query. */
  #left: readonly Int32Array[];
  #open: readonly Int32Array[];
  #length = 0;

  /** @param texts best first, none empty */
  constructor(private readonly texts: readonly Int32Array[]) {
    this.#left = texts;
    this.#open = texts;
  }

  writeBias(bias: Float32Array): void {
    bias.fill(FORBIDDEN);
    for (const text of this.#open) bias[this.#length < text.length ? text[this.#length] : END] = 0;
  }

  write(token: number): void {
    const length = this.#length;
    if (token !== END) {
      this.#open = this.#open.filter((text) => text[length] === token);
      this.#length++;
      return;
    }
    const written = new Set(this.#open.filter((text) => text.length === length));
    const left = this.#left.filter((text) => !written.has(text));
    this.#left = left.length > 0 ? left : this.texts;
    this.#open = this.#left;
    this.#length = 0;
  }
}

/**
 * Every sub-query begins with words of the query, in its order or one of them again and again, or with any other; `maxTokens` tokens at
 * most. Words of items stand together only if one near item has them all, and beside words of the query only if it has one of these, where there is
 * such an item. So the policy need not learn which words of the catalog go together, nor that what is asked at once is found at
 * once: the vector of several words lies between what they mean.
 */
export class WordSpeller implements Speller {
  readonly #start: Together;
  /** Before the current word, and the words that it may be. */
  #before: Together;
  #open: readonly number[] = [];
  /** Tokens of the current word and of the current sub-query. */
  #letters = 0;
  #length = 0;

  /** A token that begins a word must be in no other place of another; no word is longer than `maxTokens`. */
  constructor(
    private readonly near: SpelledWords,
    private readonly maxTokens: number,
  ) {
    this.#start = startOf(near);
    this.#before = this.#start;
  }

  writeBias(bias: Float32Array): void {
    bias.fill(FORBIDDEN);
    const { pieces } = this.near;
    for (const piece of this.#open) {
      const word = pieces[piece];
      if (word.length > this.#letters) bias[word[this.#letters]] = 0;
    }
    const sofar = this.#together();
    if (!sofar) return;
    if (this.#length > 0) bias[END] = 0;
    for (const piece of sofar.next) if (this.#fits(piece)) bias[pieces[piece][0]] = 0;
  }

  write(token: number): void {
    if (token === END) {
      this.#before = this.#start;
      this.#open = [];
      this.#letters = 0;
      this.#length = 0;
      return;
    }
    const { pieces } = this.near;
    const longer = this.#open.filter((piece) => pieces[piece][this.#letters] === token);
    if (longer.length > 0) {
      this.#open = longer;
      this.#letters++;
    } else {
      this.#before = this.#together() ?? this.#before;
      this.#open = this.#before.next.filter((piece) => pieces[piece][0] === token && this.#fits(piece));
      this.#letters = 1;
    }
    this.#length++;
  }

  /** Writes a word, if it may be next. */
  writeWord(piece: number): boolean {
    const may = this.#fits(piece) && (this.#together()?.next.includes(piece) ?? false);
    if (may) for (const token of this.near.pieces[piece]) this.write(token);
    return may;
  }

  #fits(piece: number): boolean {
    return this.near.pieces[piece].length <= this.maxTokens - this.#length;
  }

  /** What may follow the words so far; undefined within a word. */
  #together(): Together | undefined {
    if (this.#open.length === 0) return this.#before;
    const word = this.#open.find((piece) => this.near.pieces[piece].length === this.#letters);
    return word === undefined ? undefined : this.#before.and(word);
  }
}

type SpelledWords = Pick<NearTokens, 'pieces' | 'piecesOf' | 'own' | 'free'>;

/** Nothing written yet: one for all sequences of a query, so that what follows is worked out once. */
const starts = new WeakMap<SpelledWords, Together>();
function startOf(near: SpelledWords): Together {
  const start = starts.get(near) ?? new Together(near, {});
  starts.set(near, start);
  return start;
}

/** The words of a sub-query so far, as far as they decide what may follow. */
interface WordsSoFar {
  /** Near items that have one of the query's words it began with; absent: any. */
  readonly asked?: ReadonlySet<number>;
  /** Near items that have all words after those; absent: any, as there are none. */
  readonly having?: ReadonlySet<number>;
  /** The last word of the query, while there are no others, and whether it stands there twice. */
  readonly last?: number;
  readonly repeated?: boolean;
}

class Together {
  readonly #after = new Map<number, Together>();
  #next: readonly number[] | undefined;

  constructor(
    private readonly near: SpelledWords,
    private readonly sofar: WordsSoFar,
  ) {}

  /** Words that may follow. */
  get next(): readonly number[] {
    this.#next ??= this.#findNext();
    return this.#next;
  }

  #findNext(): number[] {
    const { piecesOf, own, free } = this.near;
    const { asked, having } = this.sofar;
    const next = new Set<number>();
    for (let word = 0; word < free; word++) if (word >= own || this.#goesOn(word)) next.add(word);
    for (const item of having ?? asked ?? piecesOf.keys()) {
      if (asked?.has(item) ?? true) for (const piece of piecesOf[item]) next.add(piece);
    }
    return [...next];
  }

  /** Whether a word of the query goes on with those it began with: in the query's order, or one of them again and again. */
  #goesOn(word: number): boolean {
    const { having, last, repeated } = this.sofar;
    if (having) return false;
    return last === undefined || word === last || (word > last && !repeated);
  }

  /** The same with one more word. */
  and(word: number): Together {
    const known = this.#after.get(word);
    if (known) return known;
    const { piecesOf, own } = this.near;
    const { asked, having, last } = this.sofar;
    const has = (item: number) => piecesOf[item].includes(word);
    let after: WordsSoFar;
    if (word < own && this.#goesOn(word)) {
      const items = new Set([...piecesOf.keys()].filter((item) => asked?.has(item) || has(item)));
      after = { asked: items.size > 0 ? items : undefined, last: word, repeated: word === last };
    } else {
      after = { asked, having: new Set([...(having ?? piecesOf.keys())].filter(has)) };
    }
    const together = new Together(this.near, after);
    this.#after.set(word, together);
    return together;
  }
}
