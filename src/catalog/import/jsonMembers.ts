import { InputError } from '../../errors.js';
import { excerpt } from '../excerpt.js';
import { readText } from '../lines.js';
import { parseJson } from '../parseJson.js';
import { bad, type ReadOptions } from '../readOptions.js';

export interface JsonMember {
  /** Its name, if it is a member of an object. */
  readonly key?: string;
  readonly value: unknown;
  /** Line number on which it begins, from 1. */
  readonly line: number;
}

export interface JsonMembersOptions extends ReadOptions {
  /** The field of the outermost object whose members are wanted [those of the outermost value itself]. */
  readonly field?: string;
}

/**
 * Streams the members of one big JSON array or object: only one of them is in memory at a time.
 *
 * The text is cut at the commas between members, which takes no more than counting brackets outside strings; each
 * member then goes through `JSON.parse`, several times faster than a parser that streams tokens.
 *
 * @throws InputError naming file and line if the file cannot be read or is no such JSON
 *
 * @example
 * for await (const { value } of readJsonMembers('mpd.slice.0-999.json', { field: 'playlists' })) console.log(value);
 */
export async function* readJsonMembers(
  file: string,
  { field, ...options }: JsonMembersOptions = {},
): AsyncGenerator<JsonMember> {
  const cutter = new MemberCutter(file, field, options);
  for await (const chunk of readText(file, options, () => cutter.line - 1)) yield* cutter.push(chunk);
  cutter.end();
}

/** Text before the field wanted is kept up to this length: field names are short. */
const LONGEST_NAME = 1000;

/** Cuts JSON text that comes in pieces. */
class MemberCutter {
  line = 1;
  /** Open brackets. */
  #depth = 0;
  /** Open brackets where members are cut from each other: 0 outside, 1 in the outermost value, 2 in its field. */
  #level = 0;
  /** Whether the members cut are those wanted, and the bracket that opened them. */
  #wanted = false;
  #bracket = '';
  #found = false;
  #members = 0;
  #inString = false;
  #escaped = false;
  /** What earlier pieces had of the current member. */
  #text = '';

  constructor(
    private readonly file: string,
    private readonly field: string | undefined,
    private readonly options: ReadOptions,
  ) {}

  *push(chunk: string): Generator<JsonMember> {
    let start = 0;
    const take = (end: number): string => {
      const text = this.#text + chunk.slice(start, end);
      this.#text = '';
      start = end + 1;
      return text;
    };
    for (let i = 0; i < chunk.length; i++) {
      const char = chunk[i];
      if (char === '\n') this.line++;
      if (this.#inString) {
        if (this.#escaped) this.#escaped = false;
        else if (char === '\\') this.#escaped = true;
        else if (char === '"') this.#inString = false;
      } else if (this.#depth === 0) {
        if (char.trim() === '') continue;
        if (this.#found || (char !== '[' && char !== '{')) this.#failOutside();
        take(i);
        this.#level = 1;
        this.#depth = 1;
        if (this.field === undefined) this.#begin(char);
      } else if (char === '"') {
        this.#inString = true;
      } else if (char === '[' || char === '{') {
        const opensField = this.#depth === 1 && !this.#found && this.#isField(take(i));
        this.#depth++;
        if (opensField) {
          this.#level = 2;
          this.#begin(char);
        }
      } else if (char === ',') {
        if (this.#depth !== this.#level) continue;
        const text = take(i);
        if (this.#wanted) yield* this.#member(text);
      } else if (char === ']' || char === '}') {
        if (this.#depth === this.#level) {
          const text = take(i);
          if (this.#wanted && (this.#members > 0 || text.trim() !== '')) yield* this.#member(text);
          if (this.#wanted && (this.#bracket === '[') !== (char === ']')) {
            this.#fail(`has "${char}" where a "${this.#bracket}" should be closed`);
          }
          this.#wanted = false;
          this.#level--;
        }
        this.#depth--;
      }
    }
    const rest = this.#text + chunk.slice(start);
    this.#text = this.#wanted ? rest : rest.slice(0, LONGEST_NAME);
  }

  end(): void {
    if (this.#depth > 0) this.#fail('ends in the middle; is it complete?');
    if (this.#found) return;
    this.#fail(this.field === undefined ? 'is empty' : `has no list "${this.field}"`);
  }

  #begin(bracket: string): void {
    this.#wanted = true;
    this.#found = true;
    this.#bracket = bracket;
  }

  /** Whether a text is the name of the field wanted, with its colon. */
  #isField(text: string): boolean {
    try {
      return Object.hasOwn(JSON.parse(`{${text}null}`), this.field ?? '');
    } catch {
      return false;
    }
  }

  *#member(text: string): Generator<JsonMember> {
    this.#members++;
    const line = this.line - (text.trimStart().match(/\n/g)?.length ?? 0);
    try {
      if (this.#bracket === '[') return yield { value: parseJson(text), line };
      const [[key, value]] = Object.entries(parseJson(`{${text}}`) as object);
      yield { key, value, line };
    } catch (cause) {
      const problem =
        text.trim() === '' ? 'has nothing between two commas' : `is not valid JSON: ${excerpt(text)}`;
      bad(new InputError(problem, { file: this.file, line }, { cause }), this.options);
    }
  }

  #failOutside(): never {
    this.#fail(this.#found ? 'goes on after its end' : 'is not a JSON array or object');
  }

  #fail(problem: string): never {
    throw new InputError(problem, { file: this.file, line: this.line });
  }
}
