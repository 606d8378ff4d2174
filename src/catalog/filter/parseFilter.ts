import { InputError } from '../../errors.js';
import {
  FILTER_OPERATORS,
  type Filter,
  type FilterOperator,
  MAX_FILTER_DEPTH,
  MAX_FILTER_LENGTH,
} from './filter.js';
import { Scanner } from './scanner.js';

/**
 * Parses a filter:
 *
 *     or        = and { OR and }
 *     and       = not { AND not }
 *     not       = NOT not | "(" or ")" | condition
 *     condition = field operator value { "|" value }           operators: = != < <= > >= ~
 *               | field [NOT] IN "(" value { "," value } ")"
 *               | field IS [NOT] MISSING
 *               | field value ".." value | field BETWEEN value AND value
 *
 * Keywords may be in small letters. Names and values may have spaces; quotes ("…" or '…') are needed around those
 * which contain a keyword, an operator, a `|`, or in a list a comma.
 *
 * @throws InputError with the column (from 1) at which something else was expected
 *
 * @example
 * parseFilter('color=red|blue'); // { field: 'color', op: '=', value: ['red', 'blue'] }
 * parseFilter('price<50 AND NOT (brand IS MISSING OR brand=Acme)');
 */
export function parseFilter(source: string): Filter {
  if (source.length > MAX_FILTER_LENGTH) {
    throw new InputError(
      `has ${source.length} characters, at most ${MAX_FILTER_LENGTH} are read; write it shorter`,
      { field: 'filter', column: MAX_FILTER_LENGTH + 1 },
    );
  }
  return new Parser(new Scanner(source)).parse();
}

const OPERATOR = /!=|<=|>=|=|<|>|~/y;
/** Characters without a meaning of their own; a quote opens a quotation only where a name or value begins. */
const WORD = /(?:[^\s=<>~()|!]|!(?!=))+/y;
const WORD_OF_LIST = /(?:[^\s=<>~()|!,]|!(?!=))+/y;
const RANGE = /([^\s=!<>~()|]+?)\s*\.\.\s*([^\s=!<>~()|]+)/y;

/** By recursive descent: a method for each rule of the grammar. */
class Parser {
  #depth = 0;

  constructor(private readonly scan: Scanner) {}

  parse(): Filter {
    const filter = this.#or();
    return this.scan.atEnd ? filter : this.scan.fail('AND, OR or the end');
  }

  #or(): Filter {
    const parts = [this.#and()];
    while (this.scan.keyword('OR')) parts.push(this.#and());
    return parts.length === 1 ? parts[0] : { or: parts };
  }

  #and(): Filter {
    const parts = [this.#not()];
    while (this.scan.keyword('AND')) parts.push(this.#not());
    return parts.length === 1 ? parts[0] : { and: parts };
  }

  #not(): Filter {
    const { scan } = this;
    if (++this.#depth > MAX_FILTER_DEPTH) scan.fail(`at most ${MAX_FILTER_DEPTH} levels`);
    let filter: Filter;
    if (scan.keyword('NOT')) {
      filter = { not: this.#not() };
    } else if (scan.match(/\(/y)) {
      filter = this.#or();
      this.#expect(/\)/y, 'AND, OR or ")"');
    } else {
      filter = this.#condition();
    }
    this.#depth--;
    return filter;
  }

  #condition(): Filter {
    const { scan } = this;
    const field = this.#field();
    const op = scan.match(OPERATOR)?.[0] as FilterOperator | undefined;
    if (op !== undefined) {
      const values = this.#values(WORD, /\|/y);
      return { field, op, value: values.length === 1 ? values[0] : values };
    }
    const range = scan.match(RANGE);
    if (range) return { field, op: 'between', value: [range[1], range[2]] };
    if (scan.keyword('BETWEEN')) {
      const least = this.#value(WORD);
      if (!scan.keyword('AND')) scan.fail('AND and the greatest value');
      return { field, op: 'between', value: [least, this.#value(WORD)] };
    }
    if (scan.keyword('IS')) {
      const isNot = scan.keyword('NOT');
      if (!scan.keyword('MISSING') && !scan.keyword('NULL')) scan.fail('MISSING or NOT MISSING');
      return isNot ? { not: { field, op: 'missing' } } : { field, op: 'missing' };
    }
    const isNot = scan.keyword('NOT');
    if (!scan.keyword('IN')) {
      const name = JSON.stringify(field);
      scan.fail(
        `after the field ${name} one of ${FILTER_OPERATORS.join(' ')}, IN, IS MISSING or a range such as 10..20 (values with AND or OR in them go in quotes)`,
      );
    }
    this.#expect(/\(/y, 'a list such as (red, blue)');
    const value = this.#values(WORD_OF_LIST, /[,|]/y);
    this.#expect(/\)/y, '"," or ")"');
    return isNot ? { not: { field, op: 'in', value } } : { field, op: 'in', value };
  }

  #field(): string {
    const { scan } = this;
    const isOver = () => scan.peek(RANGE) || scan.peekKeyword('IS', 'IN', 'NOT', 'BETWEEN', 'AND', 'OR');
    return scan.quoted() ?? (scan.words(WORD, isOver) || scan.fail('a field'));
  }

  #values(word: RegExp, separator: RegExp): string[] {
    const values = [this.#value(word)];
    while (this.scan.match(separator)) values.push(this.#value(word));
    return values;
  }

  #value(word: RegExp): string {
    const { scan } = this;
    const quoted = scan.quoted();
    if (quoted !== undefined) return quoted;
    const { at } = scan;
    const isOver = () => scan.peekKeyword('AND', 'OR');
    const value = (isOver() ? '' : scan.words(word, isOver)) || scan.fail(`a value${this.#hint()}`);
    if (!scan.peek(OPERATOR)) return value;
    // Either the last word is the field of the next condition, or the operator was meant as part of the value.
    const last = value.search(/\S+$/);
    const quote = 'a value with an operator in it goes in quotes';
    if (last > 0) return scan.fail(`AND or OR before the next condition (${quote})`, at + last);
    return scan.fail(`AND, OR or the end (${quote})`);
  }

  /** What was perhaps meant by what stands in the place of a value. */
  #hint(): string {
    const { scan } = this;
    if (scan.atEnd) return ' (without one is written IS MISSING)';
    if (scan.peek(/\|/y)) return ' (conditions are joined with OR)';
    if (scan.peek(/=/y)) return ' (equal is written =)';
    return scan.peek(/>/y) ? ' (not equal is written !=)' : '';
  }

  #expect(pattern: RegExp, what: string): void {
    if (!this.scan.match(pattern)) this.scan.fail(what);
  }
}
