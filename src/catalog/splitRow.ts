/** The values of one line of a delimited file. */
export interface SplitRow {
  readonly values: readonly string[];
  /** The last value opened a quote that the text does not close: it may go on in the next line. */
  readonly isOpen: boolean;
  /** A quoted value had a quote inside that was not written twice. */
  readonly isLoose: boolean;
}

/**
 * Cuts a line at its delimiters. A value is quoted if it opens with a quote and closes with one (RFC 4180), spaces around them aside;
 * in every other value a quote is a plain character: `24"`.
 *
 * @param quotes whether values can be quoted at all (true)
 */
export function splitRow(text: string, delimiter: string, quotes = true): SplitRow {
  if (!quotes || !text.includes('"')) {
    return { values: text.split(delimiter).map((value) => value.trim()), isOpen: false, isLoose: false };
  }
  const values: string[] = [];
  let isLoose = false;
  for (let start = 0; start <= text.length; ) {
    const quote = afterSpaces(text, start, delimiter);
    if (text[quote] === '"') {
      const closed = closing(text, quote + 1, delimiter);
      isLoose ||= closed.isLoose;
      if (closed.at === -1) {
        values.push(text.slice(quote));
        return { values, isOpen: true, isLoose };
      }
      values.push(
        text
          .slice(quote + 1, closed.at)
          .replaceAll('""', '"')
          .trim(),
      );
      start = afterSpaces(text, closed.at + 1, delimiter) + 1;
      continue;
    }
    const end = text.indexOf(delimiter, start);
    values.push(text.slice(start, end === -1 ? text.length : end).trim());
    if (end === -1) break;
    start = end + 1;
  }
  return { values, isOpen: false, isLoose };
}

/** The quote that closes a value, -1 for none: the next one that stands before a delimiter or the end. */
function closing(text: string, from: number, delimiter: string): { at: number; isLoose: boolean } {
  let isLoose = false;
  for (let at = text.indexOf('"', from); at !== -1; at = text.indexOf('"', at + 1)) {
    if (text[at + 1] === '"') {
      at++;
      continue;
    }
    const next = afterSpaces(text, at + 1, delimiter);
    if (next >= text.length || text[next] === delimiter) return { at, isLoose };
    isLoose = true;
  }
  return { at: -1, isLoose };
}

/** Where the next character is that is no space. */
function afterSpaces(text: string, from: number, delimiter: string): number {
  let at = from;
  while (at < text.length && text[at] !== delimiter && (text[at] === ' ' || text[at] === '\t')) at++;
  return at;
}

/** The characters that part values. */
const DELIMITERS = [',', ';', '\t', '|'] as const;
/** Never in a text: parts nothing. */
const NONE = '\0';

/** The delimiter of a header line: the commonest outside quotes; in doubt a tab if `preferred`. */
export function delimiterOf(header: string, preferred: string): string {
  const plain = header.replace(/"(?:[^"]|"")*"/g, '');
  const counts = DELIMITERS.map((char) => ({ char, count: plain.split(char).length - 1 }));
  const wanted = counts.find(({ char }) => char === preferred);
  if (preferred === '\t' && wanted && wanted.count > 0) return preferred;
  const most = Math.max(...counts.map(({ count }) => count));
  if (most === 0) return NONE;
  return wanted?.count === most ? preferred : counts.find(({ count }) => count === most)!.char;
}
