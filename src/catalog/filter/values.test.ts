import fc from 'fast-check';
import { expect, it } from 'vitest';
import { numberFormat, PLAIN_FORMAT, readBoolean, readDate, readNumber } from './values.js';

it.each<[string[], (number | bigint | undefined)[]]>([
  [
    ['19.99 USD', '1,299.00 USD', '5 USD'],
    [19.99, 1299, 5],
  ],
  [
    ['$5', '$1,299.50', '-$3'],
    [5, 1299.5, -3],
  ],
  [
    ['US$5', 'US$6'],
    [5, 6],
  ],
  [
    ['EUR 5', 'EUR 7.5', '8'],
    [5, 7.5, 8],
  ],
  [
    ['19,99', '1.299,00', '9,50'],
    [19.99, 1299, 9.5],
  ],
  [
    ['1 299,00 €', '9,5€', '7 €'],
    [1299, 9.5, 7],
  ],
  [
    ['1.299', '15,50'],
    [1299, 15.5],
  ],
  [
    ['1,299', '2,500'],
    [1299, 2500],
  ],
  // Money in whole thousands, not with three decimals; but weights may have three.
  [
    ['1.299 €', '999 €'],
    [1299, 999],
  ],
  [
    ['1.299', '2.500'],
    [1.299, 2.5],
  ],
  [
    ['1.299', '2.500', '999'],
    [1299, 2500, 999],
  ],
  [
    ['$19.99 USD', '5 USD', '7 usd'],
    [19.99, 5, 7],
  ],
  [
    ['US $19.99', 'US $1,299.00'],
    [19.99, 1299],
  ],
  [
    ['Rs. 81', 'Rs 1,29,999'],
    [81, 129_999],
  ],
  [
    ['19,99 Euro', '5 EUR', '7,-', '−3'],
    [19.99, 5, 7, -3],
  ],
  [
    ['1200円', '15,000円'],
    [1200, 15_000],
  ],
  // What is sold by the piece, and numbers of articles.
  [
    ['5 kg', 'SKU 123', 'ABC 5', 'P1'],
    [undefined, undefined, undefined, undefined],
  ],
  [
    ['12%', '7.5 %'],
    [12, 7.5],
  ],
  [
    ["1'299.50 CHF", '1’000 CHF'],
    [1299.5, 1000],
  ],
  // Two currencies are not one number.
  [
    ['5 USD', '6 USD', '7 EUR'],
    [5, 6, undefined],
  ],
  [
    ['1e3', '.5', '-2', '+4'],
    [1000, 0.5, -2, 4],
  ],
  // Codes, versions, clothes and words are no numbers.
  [
    ['007', '1.2.3', '38-40', 'XL', 'A12', '', '.', '-', '1,2,3', '0x10', 'Infinity'],
    Array(11).fill(undefined),
  ],
  [
    ['9007199254740993', '12345678901234567890'],
    [9007199254740993n, 12345678901234567890n],
  ],
])('%s are %s', (texts, numbers) => {
  const { format, count } = numberFormat(texts);
  expect(texts.map((text) => readNumber(text, format))).toEqual(numbers);
  expect(count).toBe(numbers.filter((number) => number !== undefined).length);
});

it('reads what JavaScript writes, and what Intl does', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      expect(Number(readNumber(String(number), PLAIN_FORMAT))).toBe(number === 0 ? 0 : number);
    }),
  );
  const cents = fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 100);
  fc.assert(
    fc.property(
      fc.array(cents, { minLength: 1 }),
      fc.constantFrom('en-US', 'de-DE', 'fr-FR', 'de-CH'),
      (numbers, locale) => {
        const { format } = Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
        const texts = numbers.map((number) => format(number).replace('−', '-'));
        const found = numberFormat(texts).format;
        expect(texts.map((text) => readNumber(text, found))).toEqual(numbers);
      },
    ),
  );
});

const DAY = 86_400_000;

it.each<[string, string, number]>([
  ['2024', '2024-01-01T00:00:00.000Z', 366 * DAY],
  ['2024-02', '2024-02-01T00:00:00.000Z', 29 * DAY],
  ['2024-01-05', '2024-01-05T00:00:00.000Z', DAY],
  ['2024-01-05T10:30', '2024-01-05T10:30:00.000Z', 60_000],
  ['2024-01-05 10:30:15', '2024-01-05T10:30:15.000Z', 1000],
  ['2024-01-05T10:30:15.123456Z', '2024-01-05T10:30:15.123Z', 1],
  ['2024-01-05T10:30:15.5+02:00', '2024-01-05T08:30:15.500Z', 1],
  ['2024-01-01T00:30:00-0130', '2024-01-01T02:00:00.000Z', 1000],
  ['0050-03-01', '0050-03-01T00:00:00.000Z', DAY],
])('%s begins %s', (text, begins, length) => {
  const { start, end } = readDate(text)!;
  expect(new Date(start).toISOString()).toBe(begins);
  expect(end - start).toBe(length);
});

it.each([
  '',
  '5',
  '20240105',
  '1/1/2023',
  '2024-13-01',
  '2023-02-29',
  '2024-1-5',
  '2024-01-05T25:00',
  'yesterday',
])('%j is no date', (text) => {
  expect(readDate(text)).toBeUndefined();
});

it('reads every instant that Date writes', () => {
  const years = { min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true };
  fc.assert(
    fc.property(fc.date(years), (date) => {
      expect(readDate(date.toISOString())).toEqual({ start: date.getTime(), end: date.getTime() + 1 });
    }),
  );
});

it('reads booleans in any capitals', () => {
  expect(['true', 'True', ' FALSE', 'yes', '1'].map(readBoolean)).toEqual([
    true,
    true,
    false,
    undefined,
    undefined,
  ]);
});
