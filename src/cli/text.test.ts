import { expect, it } from 'vitest';
import { formatBytes, formatDuration, formatFigure, oneLine, truncate } from './text.js';

it('keeps a text on one line and out of the terminal controls', () => {
  expect(oneLine('a\nb\r\n\tc\u2028d\x1b[31me\n')).toBe('a b c d [31me');
});

it('cuts a text between characters, not inside them', () => {
  expect(truncate('tent', 4)).toBe('tent');
  expect(truncate('family tent', 7)).toBe('family…');
  expect(truncate('tent', 0)).toBe('');
  expect(truncate('👩‍🚒👩‍🚒', 2)).toBe('👩‍🚒👩‍🚒');
  expect(truncate('👩‍🚒👩‍🚒👩‍🚒', 2)).toBe('👩‍🚒…');
});

it.each([
  [0.04, '0.0 s'],
  [9.5, '9.5 s'],
  [9.97, '10 s'],
  [59.7, '1 min 00 s'],
  [125, '2 min 05 s'],
  [3599, '59 min 59 s'],
  [3900, '1 h 05 min'],
])('writes %d seconds as %s', (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});

it.each([
  [1234567, '1,234,567'],
  [1234.5, '1,235'],
  [12.345, '12.3'],
  [0.5, '0.500'],
  [0.00012, '1.2e-4'],
  [0, '0'],
  [Number.NaN, 'NaN'],
])('writes the figure %d as %s', (value, text) => {
  expect(formatFigure(value)).toBe(text);
});

it.each([
  [0, '0 B'],
  [999, '999 B'],
  [1200, '1.2 kB'],
  [26_000_000, '26 MB'],
  [5e15, '5000 TB'],
])('writes %d bytes as %s', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});
