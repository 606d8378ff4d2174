import { expect, it } from 'vitest';
import { Spelling } from './spelling.js';

it('compares a chain of letters with drawing them by lot', () => {
  // Pairs ^a (2), ab, b$, aa, a$; the alphabet is a, b and the end.
  const spelling = new Spelling(['ab', 'AB aa']);
  const chance = (seen: number, of: number) => Math.log(((seen + 1) * 3) / (of + 3));
  expect(spelling.likelihood('ab')).toBeCloseTo((chance(2, 2) + chance(1, 3) + chance(1, 1)) / 3, 12);
  expect(spelling.likelihood('c')).toBeCloseTo((chance(0, 2) + chance(0, 0)) / 2, 12);
  expect(spelling.likelihood('!?')).toBe(Number.NEGATIVE_INFINITY);
});

it('tells words that it has not seen from keys at random', () => {
  const spelling = new Spelling([
    'yellow onions, garlic, flour tortillas, fresh coriander, black pepper, granulated sugar, table salt, limes',
    'chicken thighs, basmati rice, whipping cream, unsalted butter, cinnamon sticks, olive oil, parmesan cheese',
  ]);
  for (const word of ['tomato', 'arancini', 'vinegar', 'mustard greens'])
    expect(spelling.likelihood(word)).toBeGreaterThan(0);
  for (const keys of ['xqzjk', 'zxcvbn', 'qwrtypsdfg', 'gfhgfhj'])
    expect(spelling.likelihood(keys)).toBeLessThan(0);
});
