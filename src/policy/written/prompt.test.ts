import { describe, expect, it } from 'vitest';
import { examplesOf, parseFanOut, promptHash, promptMessages } from './prompt.js';

const prompt = {
  instruction: 'Write.',
  examples: [
    { query: 'picnic', subQueries: ['blanket', 'basket', 'thermos flask'] },
    { query: 'Camping', subQueries: ['tent'] },
  ],
  k: 2,
};

describe('promptMessages', () => {
  it('shows the examples as answers, at most k sub-queries each, and asks for the query', () => {
    expect(promptMessages(prompt, 'beach day')).toEqual([
      { role: 'system', content: expect.stringMatching(/^Write\.\nWrite exactly 2\..*"subQueries"/s) },
      { role: 'user', content: 'picnic' },
      { role: 'assistant', content: '{"subQueries":["blanket","basket"]}' },
      { role: 'user', content: 'Camping' },
      { role: 'assistant', content: '{"subQueries":["tent"]}' },
      { role: 'user', content: 'beach day' },
    ]);
  });

  it('does not show a query its own set', () => {
    const shown = promptMessages(prompt, 'camping').map(({ content }) => content);
    expect(shown).not.toContain('{"subQueries":["tent"]}');
    expect(shown.slice(-1)).toEqual(['camping']);
  });

  it('says where fewer will do', () => {
    expect(promptMessages({ ...prompt, k: 9, least: 3 }, 'x')[0].content).toContain('Write 3 to 9.');
  });
});

describe('promptHash', () => {
  const sampling = { temperature: 0.9, topP: 1 };
  it('is another for other words, examples, k or sampling', () => {
    const hashes = [
      promptHash(prompt, sampling),
      promptHash({ ...prompt, instruction: 'Write!' }, sampling),
      promptHash({ ...prompt, examples: [] }, sampling),
      promptHash({ ...prompt, k: 3 }, sampling),
      promptHash({ ...prompt, least: 1 }, sampling),
      promptHash(prompt, { ...sampling, temperature: 0.5 }),
      promptHash(prompt, { ...sampling, topP: 0.5 }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(promptHash({ ...prompt, least: 2 }, sampling)).toBe(hashes[0]);
  });
});

describe('parseFanOut', () => {
  it.each([
    [
      'tidies',
      '{"subQueries":["1. tent ","\\"sleeping  bag\\".","- lamp"]}',
      ['tent', 'sleeping bag', 'lamp'],
    ],
    ['keeps each once', '{"subQueries":["Tent","tent","lamp"]}', ['Tent', 'lamp']],
    ['keeps k', '{"subQueries":["a1","b2","c3","d4"]}', ['a1', 'b2', 'c3']],
    ['passes over what has no letter', '{"subQueries":["...","","lamp"]}', ['lamp']],
    ['reads past thoughts and fences', '<think>{"x"</think>```json\n{"subQueries":["lamp"]}\n```', ['lamp']],
  ])('%s', (_, text, expected) => {
    expect(parseFanOut(text, 3)).toEqual(expected);
  });

  it.each(['lamp, tent', '{"subQueries":"lamp"}', '{"subQueries":[]}', '{"queries":["lamp"]}', '["lamp"]'])(
    'refuses %s',
    (text) => {
      expect(() => parseFanOut(text, 3)).toThrow();
    },
  );
});

describe('examplesOf', () => {
  const items = ['tent', 'lamp', 'stove', 'stove', 'mug'].map((title) => ({ title }));
  const queries = { texts: ['a', 'b', 'c', 'd'], references: [[0, 1, 2], [1], [], [2, 3, 4, 0]] };

  it('shows sets of a few items by their titles, each once, the same for the same seed', () => {
    const options = { count: 5, k: 3, seed: 1 };
    const found = examplesOf(queries, items, options);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual({ query: 'a', subQueries: ['tent', 'lamp', 'stove'] });
    expect(found).toContainEqual({ query: 'd', subQueries: ['stove', 'mug', 'tent'] });
    expect(examplesOf(queries, items, options)).toEqual(found);
    expect(examplesOf(queries, items, { ...options, count: 1 })).toEqual(found.slice(0, 1));
  });

  it('shows none where there are no sets', () => {
    expect(examplesOf({ texts: ['a'] }, items, { count: 4, k: 3, seed: 1 })).toEqual([]);
  });
});
