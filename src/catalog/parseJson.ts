/**
 * `JSON.parse` that loses no digits: a whole number beyond 2^53 becomes its digits as a string, since a float would be another number
 * (another item's id, even).
 *
 * @throws SyntaxError if it is not JSON
 */
export function parseJson(text: string): unknown {
  return JSON.parse(LONG_INTEGER.test(text) ? text.replace(TOKEN, quoted) : text);
}

/** May be such a number, or stand in a string. */
const LONG_INTEGER = /\d{16}/;
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/gs;

const quoted = (token: string): string =>
  /^-?\d{16,}$/.test(token) && String(Number(token)) !== token ? `"${token}"` : token;
