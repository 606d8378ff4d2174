import { InputError } from '../../errors.js';

/** Reads a filter's text from left to right; white space before whatever is looked for does not count. */
export class Scanner {
  #at = 0;

  constructor(private readonly source: string) {}

  /** Place of the next thing that is not white space. */
  get at(): number {
    this.#skip();
    return this.#at;
  }

  get atEnd(): boolean {
    return this.at === this.source.length;
  }

  /** What a sticky pattern finds here, if it does; goes on behind it. */
  match(pattern: RegExp): RegExpExecArray | undefined {
    this.#skip();
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.source);
    if (match) this.#at = pattern.lastIndex;
    return match ?? undefined;
  }

  peek(pattern: RegExp): boolean {
    this.#skip();
    pattern.lastIndex = this.#at;
    return pattern.test(this.source);
  }

  keyword(word: string): boolean {
    if (!this.peekKeyword(word)) return false;
    this.#at += word.length;
    return true;
  }

  /** A keyword ends where a word does; one before an operator is a field of that name. */
  peekKeyword(...words: readonly string[]): boolean {
    this.#skip();
    const pattern = /([a-z]+)(?=\s|[()]|$)(?!\s*(?:[=<>~]|!=))/iy;
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.source)?.[1].toUpperCase();
    return found !== undefined && words.includes(found);
  }

  /** What stands in quotes here; a backslash makes the next character plain. */
  quoted(): string | undefined {
    const opening = this.at;
    const match = this.match(/"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'/sy);
    if (match) return (match[1] ?? match[2]).replace(/\\(.)/gs, '$1');
    if (this.peek(/["']/y)) {
      this.fail(`a closing quote for the one at column ${opening + 1}`, this.source.length);
    }
    return undefined;
  }

  /** One word or several with their spaces; behind the first also what stands in parentheses, as in `Price (EUR)`. */
  words(word: RegExp, isOver: () => boolean): string {
    const start = this.at;
    let end = start;
    for (let first = true; first || !isOver(); first = false) {
      if (!this.match(word) && (first || !this.match(/\([^()]*\)/y))) break;
      end = this.#at;
    }
    return this.source.slice(start, end);
  }

  /** @param at the place, where it is not the present one */
  fail(expected: string, at = this.at): never {
    const rest = /\S+/.exec(this.source.slice(at, at + 40))?.[0];
    const found = rest === undefined ? 'the end' : JSON.stringify(rest);
    const shown = this.source.length > 100 ? `${this.source.slice(0, 99)}…` : this.source;
    throw new InputError(
      `${JSON.stringify(shown)} is not a filter; column ${at + 1}: expected ${expected}, found ${found}`,
      {
        field: 'filter',
        column: at + 1,
      },
    );
  }

  #skip(): void {
    while (/\s/.test(this.source.charAt(this.#at))) this.#at++;
  }
}
