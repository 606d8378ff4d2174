import fc from 'fast-check';
import { expect, it } from 'vitest';
import { normalizeText } from './normalizeText.js';

it('lower-cases, composes and trims', () => {
  expect(normalizeText('  Ｍusic\t℡  CAFE\u0301 ')).toBe('music tel café');
});

it('changes nothing the second time', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const once = normalizeText(text);
      expect(normalizeText(once)).toBe(once);
    }),
    { numRuns: 300 },
  );
});
