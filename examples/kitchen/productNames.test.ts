import { expect, it } from 'vitest';
import { namesOf } from './productNames.js';

it('names a product as written first, then without how it is cut, in the singular too', () => {
  expect(namesOf('diced fresh tomatoes')).toEqual([
    'diced fresh tomatoes',
    'diced fresh tomato',
    'fresh tomatoes',
    'fresh tomato',
    'tomatoes',
    'tomato',
  ]);
  expect(namesOf('cherries')).toEqual(['cherries', 'cherry']);
  expect(namesOf('watercress')).toEqual(['watercress']);
});

it('leaves out what a list in brackets left behind, and keeps a pair of brackets', () => {
  expect(namesOf('broccoli)')).toContain('broccoli');
  expect(namesOf('and bell peppers)')).toContain('bell pepper');
  expect(namesOf('spices (such as cumin')).toContain('cumin');
  expect(namesOf('yuca (root)')).toEqual(['yuca (root)']);
});
