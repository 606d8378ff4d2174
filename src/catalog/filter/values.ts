/** How values written as text are read: numbers with their currency, dates as spans of time. */

/** Of a field whose numbers are written alike. */
export interface NumberFormat {
  readonly decimal: '.' | ',';
  /** What stands between groups of digits, where the field has such numbers. */
  readonly group: string;
  /** Currency or percent sign beside the number: `USD`, `€`, `%`. */
  readonly unit: string;
}

export const PLAIN_FORMAT: NumberFormat = { decimal: '.', group: '', unit: '' };

/** A whole number that a float would round is a bigint. */
export type Numeric = number | bigint;

/** `$`, `US $`, `R$`. */
const SIGN = String.raw`(?:[A-Z]{1,3} ?)?\p{Sc}`;
/** Currencies by other names than their ISO 4217 codes. */
const NAMES = 'Rs|SFr|Fr|kr|zł|zl|Kč|Ft|lei|лв|руб|р|円|元|원|euros?|eur|usd|gbp';
const AMOUNT = new RegExp(
  String.raw`^(?<sign>[+-]?)\s*(?:(?<before>${SIGN}|(?:${NAMES})\.?)\s*|(?<code>[A-Z]{3})\s+)?(?<number>[+-]?\.?\d[\d.,’' \u00a0\u202f]*?(?:[eE][+-]?\d+)?)(?:[.,][-–])?(?:\s*(?<after>${SIGN}|[A-Z]{3}|%|(?:${NAMES})\.?))?$`,
  'iu',
);
const CURRENCIES: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

const GROUP = { '.': ",’' \\u00a0\\u202f", ',': ".’' \\u00a0\\u202f" } as const;
/** Digits in groups of three, as in India of two before the last three, or in one; no leading zero, for that is a code and not a number. */
const numeral = (decimal: '.' | ',') =>
  new RegExp(
    String.raw`^[+-]?(?:[1-9]\d{0,2}(?<three>[${GROUP[decimal]}])\d{3}(?:\k<three>\d{3})*|[1-9]\d?(?:(?<two>[${GROUP[decimal]}])\d{2})(?:\k<two>\d{2})*\k<two>\d{3}|0|[1-9]\d*)?(?:[${decimal}]\d+)?(?:e[+-]?\d+)?$`,
    'i',
  );
const NUMERALS = { '.': numeral('.'), ',': numeral(',') } as const;

/** The number that a text is in this format, with its unit or without; undefined if it is none. */
export function readNumber(text: string, format: NumberFormat): Numeric | undefined {
  const amount = amountOf(text);
  if (!amount || (amount.unit !== '' && amount.unit !== format.unit)) return undefined;
  return NUMERALS[format.decimal].test(amount.numeral)
    ? numericOf(amount.numeral, format.decimal)
    : undefined;
}

function numericOf(numeral: string, decimal: '.' | ','): Numeric {
  const digits = numeral.replace(decimal === '.' ? /[,’' \u00a0\u202f]/g : /[.’' \u00a0\u202f]/g, '');
  const value = Number(digits.replace(',', '.'));
  if (Number.isSafeInteger(value) || !/^[+-]?\d+$/.test(digits)) return value;
  return BigInt(digits.replace('+', ''));
}

interface Amount {
  /** Sign and digits. */
  readonly numeral: string;
  readonly unit: string;
}

/** A number as it is written, apart from its unit. */
function amountOf(text: string): Amount | undefined {
  const parts = AMOUNT.exec(text.trim().replace(/−/g, '-'))?.groups;
  if (parts === undefined) return undefined;
  const { sign, before, code, number, after } = parts;
  const numeral = `${sign}${number}`;
  const units = [before, code, after].filter((unit) => unit !== undefined).map(unitOf);
  if (units.includes(undefined)) return undefined;
  // "$19.99 USD": what stands behind says more.
  return { numeral, unit: units.at(-1) ?? '' };
}

/** A unit however it is written; undefined for letters that are no currency. */
function unitOf(written: string): string | undefined {
  const unit = written.replace(/[\s.]/g, '');
  if (/^euros?$/i.test(unit)) return 'EUR';
  if (/^(?:usd|eur|gbp)$/i.test(unit)) return unit.toUpperCase();
  const isCode = /^[A-Z]{3}$/i.test(unit) && !/^(?:SFr|lei)$/i.test(unit);
  return isCode && !CURRENCIES.has(unit) ? undefined : unit;
}

/** The format that most of the texts are written in, and how many that is. */
export function numberFormat(texts: readonly string[]): { format: NumberFormat; count: number } {
  const amounts = texts.map(amountOf).filter((amount) => amount !== undefined);
  const units = new Map<string, number>();
  for (const { unit } of amounts) if (unit !== '') units.set(unit, (units.get(unit) ?? 0) + 1);
  const [unit] = [...units].sort(([, a], [, b]) => b - a)[0] ?? [''];
  const numerals = amounts.filter((amount) => amount.unit === '' || amount.unit === unit);
  const [point, comma] = (['.', ','] as const).map((decimal) => {
    const read = numerals.flatMap(({ numeral }) => {
      const match = NUMERALS[decimal].exec(numeral);
      return match ? [match.groups?.three ?? match.groups?.two ?? ''] : [];
    });
    return { format: { decimal, group: read.find((sign) => sign !== '') ?? '', unit }, count: read.length };
  });
  const isComma =
    comma.count > point.count || (comma.count === point.count && hasPointGroups(numerals, unit));
  const { format, count } = isComma ? comma : point;
  return { format, count };
}

/**
 * Whether points are between groups where they could as well be decimal points: all have three digits behind them, and
 * either that is money, or numbers without a point and with a last 0 show that decimals would be written otherwise.
 */
function hasPointGroups(numerals: readonly Amount[], unit: string): boolean {
  const pointed = numerals.filter(({ numeral }) => numeral.includes('.'));
  if (pointed.length === 0 || !pointed.every(({ numeral }) => /^[+-]?[1-9]\d{0,2}\.\d{3}$/.test(numeral)))
    return false;
  if (unit !== '' && unit !== '%') return true;
  return pointed.length < numerals.length && pointed.some(({ numeral }) => numeral.endsWith('0'));
}

/** Half-open span of time in milliseconds since 1970. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const DATE =
  /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?\s?(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?)?)?$/i;

/**
 * A date of ISO 8601 (or `2024/01/05`) as the time it covers: a year, month or day all of it, a time of day its millisecond (without
 * seconds its minute, without milliseconds its second). Without an offset it is UTC.
 */
export function readDate(text: string): Span | undefined {
  const match = DATE.exec(text.trim().replace(/^(\d{4})\/(\d\d)\/(\d\d)(?!\d)/, '$1-$2-$3'));
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
