/** Sub-queries made of pieces near the query, whole texts or words: which token may come next, and what there is to know about it. */
import type { Writes } from './decoder.js';
import { FORBIDDEN, type Format } from './format.js';
import type { NearTokens } from './neighbourhood.js';

/** Position of the separator among the tokens near a query; see `NearTokens`. */
const END = 0;
/** Most times that a word of the query stands at the head of a sub-query: text encoders listen to repetition, up to here. */
const MOST_REPEATS = 4;

/** What is known of the tokens that may come next, each [tokens]. */
export interface NextTokens {
  /** 0 for tokens that may come next, -1e9 for all others. */
  readonly bias: Float32Array;
  /**
   * 0 to 1: how near the query the nearest item is that goes on so; of the items that have all words so far, the share that does; how much
   * of it earlier sub-queries have said (for a text its highest cosine with theirs, for a word the share of them that have it); how often
   * this one has (1: as often as it may). In the order of `RUNNING_HINTS`.
   */
  readonly running: readonly [
    near: Float32Array,
    common: Float32Array,
    before: Float32Array,
    now: Float32Array,
  ];
}

/**
 * Follows one completion (constrained decoding as in GENRE: De Cao et al., ICLR 2021). The policy then chooses among what is there,
 * and no reward has to teach it first which letters are words, or which words exist together. What it is told of each choice is what a
 * diversifier would go by, so that it can be one before it has learned to read. Tokens are positions in the query's own small
 * vocabulary (`NearTokens.tokens`).
 */
export interface Speller {
  describe(next: NextTokens): void;
  /** Goes on by a token that may come next. */
  write(token: number): void;
}

export const spellerOf = (near: NearTokens, writes: Writes, { maxTokens }: Format): Speller =>
  writes === 'nearTexts' ? new TextSpeller(near) : new WordSpeller(near, maxTokens);

type SpelledTexts = Pick<NearTokens, 'pieces' | 'piecesOf' | 'nearness' | 'cosines'>;

/** Every sub-query is one of the texts, each at most once as long as there are others. */
export class TextSpeller implements Speller {
  /** Texts not written yet, and those of them which begin with the tokens of the current sub-query. */
  #left: readonly number[];
  #open: readonly number[];
  #length = 0;
  /** The first item with each text, and its highest cosine with the items written. */
  readonly #itemOf: Int32Array;
  readonly #before: Float32Array;

  constructor(private readonly near: SpelledTexts) {
    const { pieces, piecesOf } = near;
    this.#left = [...pieces.keys()];
    this.#open = this.#left;
    this.#before = new Float32Array(pieces.length);
    this.#itemOf = new Int32Array(pieces.length);
    for (let item = piecesOf.length - 1; item >= 0; item--)
      for (const text of piecesOf[item]) this.#itemOf[text] = item;
  }

  describe({ bias, running }: NextTokens): void {
    bias.fill(FORBIDDEN);
    for (const hints of running) hints.fill(0);
    const [near, , before] = running;
    for (const text of this.#open) {
      const token = this.#next(text);
      const nearness = this.near.nearness[this.#itemOf[text]];
      // Of several texts that go on alike, the one that a diversifier would take stands for all.
      if (bias[token] === 0 && near[token] - before[token] >= nearness - this.#before[text]) continue;
      bias[token] = 0;
      near[token] = nearness;
      before[token] = this.#before[text];
    }
  }

  write(token: number): void {
    if (token !== END) {
      this.#open = this.#open.filter((text) => this.#next(text) === token);
      this.#length++;
      return;
    }
    const written = this.#open.filter((text) => this.#next(text) === END);
    for (const text of written) this.#say(text);
    const left = this.#left.filter((text) => !written.includes(text));
    this.#left = left.length > 0 ? left : [...this.near.pieces.keys()];
    this.#open = this.#left;
    this.#length = 0;
  }

  #next(text: number): number {
    const tokens = this.near.pieces[text];
    return this.#length < tokens.length ? tokens[this.#length] : END;
  }

  #say(text: number): void {
    const { cosines, piecesOf } = this.near;
    const from = this.#itemOf[text] * piecesOf.length;
    this.#itemOf.forEach((item, other) => {
      this.#before[other] = Math.max(this.#before[other], cosines[from + item]);
    });
  }
}

/**
 * Every sub-query begins with words of the query, in its order or one of them up to four times, or with any other; `maxTokens`
 * tokens at most. Other words stand there once; words of items stand together only if one near item has them all, and beside words of
 * the query only if it has one of these, where there is such an item. So the policy need not learn which words of the catalog go
 * together, nor that what is asked at once is not found at once: the vector of several words lies between what they mean.
 */
export class WordSpeller implements Speller {
  readonly #start: Together;
  /** Before the current word, and the words that it may be. */
  #before: Together;
  #open: readonly number[] = [];
  /** Tokens of the current word and of the current sub-query. */
  #letters = 0;
  #length = 0;
  /** Sub-queries written, and how many of them have each word. */
  #written = 0;
  readonly #having: Int32Array;

  /** A token that begins a word must be in no other place of another; no word is longer than `maxTokens`. */
  constructor(
    private readonly near: SpelledWords,
    private readonly maxTokens: number,
  ) {
    this.#start = startOf(near);
    this.#before = this.#start;
    this.#having = new Int32Array(near.pieces.length);
  }

  describe({ bias, running }: NextTokens): void {
    bias.fill(FORBIDDEN);
    for (const hints of running) hints.fill(0);
    const [near, common, before, now] = running;
    const { pieces } = this.near;
    const written = Math.max(1, this.#written);
    const show = ({ words, nearness, shares, times }: Followers, at: number, token: number) => {
      const said = this.#having[words[at]] / written;
      const often = times[at] / MOST_REPEATS;
      bias[token] = 0;
      // Of several words that go on alike, each hint shows the most.
      if (nearness[at] > near[token]) near[token] = nearness[at];
      if (shares[at] > common[token]) common[token] = shares[at];
      if (said > before[token]) before[token] = said;
      if (often > now[token]) now[token] = often;
    };
    const begun = this.#before.followers;
    for (const piece of this.#open)
      if (pieces[piece].length > this.#letters)
        show(begun, begun.indexOf.get(piece)!, pieces[piece][this.#letters]);
    const following = this.#together()?.followers;
    if (!following) return;
    if (this.#length > 0) bias[END] = 0;
    const { words } = following;
    for (let at = 0; at < words.length; at++) {
      const piece = pieces[words[at]];
      if (piece.length <= this.maxTokens - this.#length) show(following, at, piece[0]);
    }
  }

  write(token: number): void {
    if (token === END) {
      for (const piece of new Set(this.#together()?.words)) this.#having[piece]++;
      this.#written++;
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
      const { words } = this.#before.followers;
      this.#open = Array.from(words.filter((piece) => pieces[piece][0] === token && this.#fits(piece)));
      this.#letters = 1;
    }
    this.#length++;
  }

  /** Writes a word, if it may be next. */
  writeWord(piece: number): boolean {
    const may = this.#fits(piece) && (this.#together()?.followers.indexOf.has(piece) ?? false);
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

type SpelledWords = Pick<NearTokens, 'pieces' | 'piecesOf' | 'nearness' | 'own' | 'free'>;

/** Nothing written yet: one for all sequences of a query, so that what follows is worked out once. */
const starts = new WeakMap<SpelledWords, Together>();
function startOf(near: SpelledWords): Together {
  const start = starts.get(near) ?? new Together(near, { words: [] });
  starts.set(near, start);
  return start;
}

/** The words of a sub-query so far, and what decides which may follow. */
interface WordsSoFar {
  readonly words: readonly number[];
  /** Near items that have one of the query's words it began with; absent: any. */
  readonly asked?: ReadonlySet<number>;
  /** Near items that have all words after those; absent: any, as there are none. */
  readonly having?: ReadonlySet<number>;
}

/** The words that may follow, with what there is to know about each, in the same order. */
interface Followers {
  readonly words: Int32Array;
  readonly indexOf: ReadonlyMap<number, number>;
  /** How near the query the nearest item is that brings the word, 0 to 1. */
  readonly nearness: Float32Array;
  /** The share of the items with all words so far that bring it, 0 to 1. */
  readonly shares: Float32Array;
  /** How often it is there already. */
  readonly times: Uint8Array;
}

class Together {
  readonly #after = new Map<number, Together>();
  #followers: Followers | undefined;

  constructor(
    private readonly near: SpelledWords,
    private readonly sofar: WordsSoFar,
  ) {}

  get words(): readonly number[] {
    return this.sofar.words;
  }

  /** Found when first asked for, and kept: sequences of one query begin alike. */
  get followers(): Followers {
    this.#followers ??= this.#findFollowers();
    return this.#followers;
  }

  #findFollowers(): Followers {
    const { piecesOf, nearness, own, free } = this.near;
    const { words, asked, having: together } = this.sofar;
    const indexOf = new Map<number, number>();
    const nearest: number[] = [];
    const having: number[] = [];
    const see = (word: number, near: number, items: number) => {
      const at = indexOf.get(word);
      if (at === undefined) {
        indexOf.set(word, nearest.push(near) - 1);
        having.push(items);
      } else {
        nearest[at] = Math.max(nearest[at], near);
        having[at] += items;
      }
    };
    for (let word = 0; word < free; word++)
      if (word < own ? this.#goesOn(word) : !words.includes(word)) see(word, 0, 0);
    let items = 0;
    for (const item of together ?? asked ?? piecesOf.keys()) {
      if (asked && !asked.has(item)) continue;
      items++;
      for (const word of piecesOf[item])
        if (indexOf.has(word) || !words.includes(word)) see(word, nearness[item], 1);
    }
    const next = Int32Array.from(indexOf.keys());
    return {
      words: next,
      indexOf,
      nearness: Float32Array.from(nearest),
      shares: Float32Array.from(having, (n) => n / Math.max(1, items)),
      times: Uint8Array.from(next, (word) => words.reduce((n, other) => (other === word ? n + 1 : n), 0)),
    };
  }

  /** Whether a word of the query goes on with those it began with: in the query's order, or one of them again. */
  #goesOn(word: number): boolean {
    const { words, having } = this.sofar;
    if (having) return false;
    const last = words.at(-1);
    if (last === undefined) return true;
    if (word === last) return words[0] === last && words.length < MOST_REPEATS;
    return word > last && (words.length === 1 || words[0] !== last);
  }

  /** The same with one more word. */
  and(word: number): Together {
    const known = this.#after.get(word);
    if (known) return known;
    const { piecesOf, own } = this.near;
    const { asked, having } = this.sofar;
    const words = [...this.sofar.words, word];
    const has = (item: number) => piecesOf[item].includes(word);
    let after: WordsSoFar;
    if (word < own && this.#goesOn(word)) {
      const items = new Set([...piecesOf.keys()].filter((item) => asked?.has(item) || has(item)));
      after = { words, asked: items.size > 0 ? items : undefined };
    } else {
      after = { words, asked, having: new Set([...(having ?? piecesOf.keys())].filter(has)) };
    }
    const together = new Together(this.near, after);
    this.#after.set(word, together);
    return together;
  }
}
