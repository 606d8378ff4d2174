import { describe, expect, it } from 'vitest';
import { ZodError } from 'zod';
import { parseQueries, queryPrompt } from './queryPrompt.js';

const list = { titles: ['Lace dress', 'Straw hat'] };

describe('queryPrompt', () => {
  it('shows every item in quotes on a line of its own, and the name of the collection', () => {
    const [system, user] = queryPrompt(
      { titles: ['A "fine"\nhat', 'b'.repeat(300)], name: 'Late\nsummer' },
      3,
    );
    expect(system.role).toBe('system');
    expect(user.content.split('\n')).toEqual([
      'Items:',
      '- "A \\"fine\\" hat"',
      `- "${'b'.repeat(120)}"`,
      'Their collection is called "Late summer".',
      '',
      'Write 3 queries.',
    ]);
  });

  it.each([
    [3, 3],
    [20, 20],
    [21, 20],
    [33, 20],
    [250, 20],
  ])('of %i items shows %i', (size, shown) => {
    const titles = Array.from({ length: size }, (_, i) => `item ${i}`);
    const lines = queryPrompt({ titles }, 1)[1].content.split('\n- ').slice(1);
    expect(lines).toHaveLength(shown);
    expect(lines[0]).toBe('"item 0"');
  });
});

describe('parseQueries', () => {
  it.each([
    ['{"queries": ["festival style", "beach party"]}', ['festival style', 'beach party']],
    ['<think>{"queries": ["no"]}</think>```json\n{"queries": ["a  summer day."]}\n```', ['a summer day']],
    ['{"queries": ["1. boho wedding", "- boho wedding", "“retro look”"]}', ['boho wedding', 'retro look']],
    [
      '{"queries": ["lace dress", "17", "one two three four five six seven eight nine", "ok then"]}',
      ['ok then'],
    ],
  ])('of %s', (text, queries) => expect(parseQueries(text, list)).toEqual(queries));

  it.each([
    '["festival style"]',
    '{"queries": []}',
    '{"queries": "festival style"}',
    '{"queries": [3]}',
    '{"queries": ["Straw  hat"]}',
  ])('refuses %s', (text) => expect(() => parseQueries(text, list)).toThrow());

  it('says what is wrong with queries that are of no use', () => {
    expect(() => parseQueries('{"queries": ["straw hat"]}', list)).toThrow(ZodError);
    expect(() => parseQueries('{"queries": ["straw hat"]}', list)).toThrow('which name no item');
  });
});
