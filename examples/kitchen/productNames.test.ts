import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { namesOf } from './productNames.js';

describe('namesOf', () => {
  it.each([
    ['tomatoes', 'tomato'],
    ['bay leaves', 'bay leaf'],
    ['cherries', 'cherry'],
    ['cookies', 'cookie'],
    ['red chilies', 'red chili'],
    ['green chillies', 'green chilli'],
    ['onions', 'onion'],
  ])('knows %s as %s', (product, name) => {
    expect(namesOf(product)).toContain(name);
  });

  it('leaves words alone that only look like plurals', () => {
    expect(namesOf('watercress')).toEqual(['watercress']);
  });

  it('drops how a product is cut, and keeps what was written first', () => {
    expect(namesOf('fresh chopped onions')).toEqual([
      'fresh chopped onions',
      'fresh chopped onion',
      'chopped onions',
      'chopped onion',
      'onions',
      'onion',
    ]);
  });

  it('reads what a comma has cut out of a bracket', () => {
    expect(namesOf('spices (such as cumin')).toContain('cumin');
    expect(namesOf('and broccoli)')).toContain('broccoli');
    expect(namesOf('yuca (root)')).toEqual(['yuca (root)']);
  });
});

describe('usual.json', () => {
  const read = (file: string) => readFileSync(join(import.meta.dirname, file), 'utf8');
  const usual = JSON.parse(read('usual.json')) as Record<string, string | null>;

  it('names groceries that the shop has', () => {
    const ids = new Set(
      read('groceries.jsonl')
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id),
    );
    const unknown = Object.values(usual).filter((id) => id !== null && !ids.has(id));
    expect(unknown).toEqual([]);
  });
});
