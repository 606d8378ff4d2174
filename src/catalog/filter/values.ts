/** How values written as text are read: numbers with their currency, dates as spans of time. */

/** Of a field whose numbers are written alike. */
export interface NumberFormat {
  readonly decimal: '.' | ',';
  /** Currency or percent sign beside the number, as written: `USD`, `€`, `%`. */
  readonly unit: string;
}

export const PLAIN_FORMAT: NumberFormat = { decimal: '.', unit: '' };

/** A whole number that a float would round is a bigint. */
export type Numeric = number | bigint;

const SIGN = '[A-Z]{0,2}\\p{Sc}';
const BEHIND = `${SIGN}|[A-Z]{3}|%|kr|zł|Kč|Ft|lei|лв|руб`;
const AMOUNT = new RegExp(
  String.raw`^(?<sign>[+-]?)(?:(?<before>${SIGN})\s*|(?<code>[A-Z]{3})\s+)?(?<number>[+-]?\.?\d[\d.,’' \u00a0\u202f]*?(?:e[+-]?\d+)?)(?:\s*(?<after>${BEHIND})\.?)?$`,
  'u',
);

/** Digits in groups of three, or in one; no leading zero, for that is a code and not a number. */
const NUMERAL = {
  '.': /^[+-]?(?:[1-9]\d{0,2}(?:([,’' \u00a0\u202f])\d{3}(?:\1\d{3})*)|0|[1-9]\d*)?(?:\.\d+)?(?:e[+-]?\d+)?$/,
  ',': /^[+-]?(?:[1-9]\d{0,2}(?:([.’' \u00a0\u202f])\d{3}(?:\1\d{3})*)|0|[1-9]\d*)?(?:,\d+)?(?:e[+-]?\d+)?$/,
} as const;

/** The number that a text is in this format, with its unit or without; undefined if it is none. */
export function readNumber(text: string, { decimal, unit }: NumberFormat): Numeric | undefined {
  const parts = AMOUNT.exec(text.trim())?.groups;
  if (parts === undefined) return undefined;
  const own = unitOf(parts);
  const numeral = `${parts.sign}${parts.number}`;
  if ((own !== '' && own !== unit) || !NUMERAL[decimal].test(numeral)) return undefined;
  const digits = numeral.replace(decimal === '.' ? /[,’' \u00a0\u202f]/g : /[.’' \u00a0\u202f]/g, '');
  const value = Number(digits.replace(',', '.'));
  if (Number.isSafeInteger(value) || !/^[+-]?\d+$/.test(digits)) return value;
  return BigInt(digits.replace('+', ''));
}

type Parts = Readonly<Record<string, string | undefined>>;
const unitOf = ({ before, code, after }: Parts): string => before ?? code ?? after ?? '';

/** The format that most of the texts are written in, and how many that is. */
export function numberFormat(texts: readonly string[]): { format: NumberFormat; count: number } {
  const units = new Map<string, number>();
  for (const text of texts) {
    const parts = AMOUNT.exec(text.trim())?.groups;
    const unit = parts && unitOf(parts);
    if (unit) units.set(unit, (units.get(unit) ?? 0) + 1);
  }
  const [unit] = [...units].sort(([, a], [, b]) => b - a)[0] ?? [''];
  const [point, comma] = (['.', ','] as const).map((decimal) => {
    const format: NumberFormat = { decimal, unit };
    return { format, count: texts.filter((text) => readNumber(text, format) !== undefined).length };
  });
  return comma.count > point.count ? comma : point;
}

/** Half-open span of time in milliseconds since 1970. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const DATE =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?)?)?$/i;

/**
 * A date of ISO 8601 as the time it covers: a year, month or day all of it, a time of day its millisecond (without
 * seconds its minute, without milliseconds its second). Without an offset it is UTC.
 */
export function readDate(text: string): Span | undefined {
  const match = DATE.exec(text.trim());
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const fields = [Number(year), Number(month ?? 1) - 1, Number(day ?? 1)] as const;
  const [h, m, s] = [hour, minute, second].map((part) => Number(part ?? 0));
  const date = new Date(0);
  date.setUTCFullYear(...fields);
  // The 31st of February would become a day of March.
  if (date.getUTCMonth() !== fields[1] || date.getUTCDate() !== fields[2]) return undefined;
  if (h > 23 || m > 59 || s > 59) return undefined;
  const ms = fraction === undefined ? 0 : Number(fraction.padEnd(3, '0').slice(0, 3));
  const start = date.getTime() + ((h * 60 + m - offsetMinutes(zone)) * 60 + s) * 1000 + ms;
  if (month === undefined) return { start, end: date.setUTCFullYear(fields[0] + 1) };
  if (day === undefined) return { start, end: date.setUTCMonth(fields[1] + 1) };
  const length =
    hour === undefined ? 86_400_000 : second === undefined ? 60_000 : fraction === undefined ? 1000 : 1;
  return { start, end: start + length };
}

function offsetMinutes(zone = 'Z'): number {
  const match = /^([+-])(\d\d):?(\d\d)?$/.exec(zone);
  if (!match) return 0;
  const minutes = Number(match[2]) * 60 + Number(match[3] ?? 0);
  return match[1] === '-' ? -minutes : minutes;
}

export function readBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}
