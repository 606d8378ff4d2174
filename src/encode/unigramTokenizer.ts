/** A vocabulary entry as SentencePiece exports it: the piece and its log-probability. */
export type Piece = readonly [text: string, score: number | null];

export interface UnigramTokenizerOptions {
  /** Pieces with their log-probabilities; a piece's position is its id, and id 0 stands for unknown text. */
  readonly vocabulary: readonly Piece[];
  /** So many first entries are control symbols which never match text. Default 6, as in USE-lite. */
  readonly reserved?: number;
}

const WORD_START = '\u2581';
/** The id of what the vocabulary lacks. */
export const UNKNOWN = 0;

/**
 * Unigram (SentencePiece) segmentation: of all ways to cut a text into pieces, the most probable one (Viterbi).
 * It follows the tokenizer which USE-lite was published with to the letter, quirks included, since the model's
 * vectors are only defined on those ids:
 * an unknown character costs nothing, runs of them become one id, and later starts win ties.
 *
 * @see Kudo 2018, "Subword Regularization", section 3.2.
 */
export class UnigramTokenizer {
  /** `node * 65536 + UTF-16 unit` -> child node; node 0 is the root. */
  readonly #children = new Map<number, number>();
  /** The piece which ends at a node, or -1. */
  readonly #pieceAt: number[] = [-1];
  readonly #scores: Float64Array;
  readonly #lengths: Uint8Array;
  // Viterbi tables, grown when a longer text comes: the tokenizer runs millions of times on short texts.
  #best = new Float64Array(256);
  #last = new Int32Array(256);

  constructor({ vocabulary, reserved = 6 }: UnigramTokenizerOptions) {
    // The published vocabulary has a few entries without a score; the original adds `null`, that is 0.
    this.#scores = Float64Array.from(vocabulary, ([, score]) => score ?? 0);
    this.#lengths = Uint8Array.from(vocabulary, ([text]) => text.length);
    for (let id = reserved; id < vocabulary.length; id++) this.#insert(vocabulary[id][0], id);
  }

  /** The ids of `text`, which is NFKC-normalised first; empty for an empty text. */
  encode(text: string): number[] {
    const normalized = text.normalize('NFKC');
    if (normalized === '') return [];
    return this.#segment(WORD_START + normalized.replaceAll(' ', WORD_START));
  }

  #insert(text: string, id: number): void {
    let node = 0;
    for (let i = 0; i < text.length; i++) {
      const key = node * 65536 + text.charCodeAt(i);
      let child = this.#children.get(key);
      if (child === undefined) {
        child = this.#pieceAt.push(-1) - 1;
        this.#children.set(key, child);
      }
      node = child;
    }
    this.#pieceAt[node] = id;
  }

  #segment(text: string): number[] {
    const n = text.length;
    if (n >= this.#best.length) {
      this.#best = new Float64Array(2 * n);
      this.#last = new Int32Array(2 * n);
    }
    const best = this.#best.fill(0, 0, n + 1);
    const last = this.#last.fill(UNKNOWN, 0, n + 1);
    for (let start = 0; start < n; start++) {
      let found = false;
      let node: number | undefined = 0;
      for (let end = start; end < n; end++) {
        node = this.#children.get(node * 65536 + text.charCodeAt(end));
        if (node === undefined) break;
        const id = this.#pieceAt[node];
        if (id < 0) continue;
        found = true;
        this.#offer(end + 1, id, best[start] + this.#scores[id]);
      }
      if (!found) this.#offer(start + 1, UNKNOWN, best[start]);
    }
    return this.#backtrack(last, n);
  }

  #offer(end: number, id: number, score: number): void {
    // Zero means "not reached yet", as in the original.
    if (this.#best[end] === 0 || score >= this.#best[end]) {
      this.#best[end] = score;
      this.#last[end] = id;
    }
  }

  #backtrack(last: Int32Array, n: number): number[] {
    const ids: number[] = [];
    for (let end = n; end > 0; end -= this.#lengths[last[end]]) {
      const id = last[end];
      if (id !== UNKNOWN || ids.at(-1) !== UNKNOWN) ids.push(id);
    }
    return ids.reverse();
  }
}
