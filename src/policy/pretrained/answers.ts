import type { Completion } from '../policy.js';
import { endedLines, subQueriesOf } from './fanOutText.js';
import type { Continuation } from './generate.js';
import { NEVER } from './graphs.js';
import type { ModelTokenizer } from './settings.js';

/** What a model's tokens say as k lines. */
export class Answers {
  private readonly breaks = new Map<number, boolean>();

  constructor(
    private readonly tokenizer: ModelTokenizer,
    readonly k: number,
  ) {}

  /** Whether k lines are written. */
  ended = (tokens: readonly number[]): boolean =>
    this.hasBreak(tokens[tokens.length - 1]) && endedLines(this.tokenizer.decode(tokens)) >= this.k;

  /**
   * Added to the logits: an answer ends by its k-th line and not before, so that the tokens by which a model ends its turns are never
   * said.
   */
  bias(vocabularySize: number): Float32Array {
    const bias = new Float32Array(vocabularySize);
    for (const id of this.tokenizer.endIds) bias[id] = NEVER;
    return bias;
  }

  /** An answer's tokens as a completion of the query in row `query`. */
  completion(query: number, text: string, { tokens, logProbs, entropies }: Continuation): Completion {
    return {
      query,
      subQueries: subQueriesOf(this.tokenizer.decode(tokens), this.k, text),
      tokens: Int32Array.from(tokens),
      subQueryOf: this.linesOf(tokens),
      logProbs: Float32Array.from(logProbs),
      entropies: Float32Array.from(entropies),
    };
  }

  /** Tokens of the answer that has these lines. */
  tokens(lines: readonly string[]): Int32Array {
    return this.tokenizer.encode(lines.map((line) => `${line}\n`).join(''));
  }

  /** Number of the line that each token belongs to. */
  private linesOf(tokens: readonly number[]): Int32Array {
    let line = 0;
    return Int32Array.from(tokens, (token, t) => {
      const own = Math.min(line, this.k - 1);
      if (this.hasBreak(token)) line = endedLines(this.tokenizer.decode(tokens.slice(0, t + 1)));
      return own;
    });
  }

  private hasBreak(token: number): boolean {
    const known = this.breaks.get(token);
    if (known !== undefined) return known;
    const found = this.tokenizer.decode([token]).includes('\n');
    this.breaks.set(token, found);
    return found;
  }
}
