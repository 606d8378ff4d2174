import { describe, expect, it } from 'vitest';
import { ZodError } from 'zod';
import { instructions, parseAnswer, QUESTION_TEXTS, QUESTIONS } from './questions.js';

describe('instructions', () => {
  it.each(QUESTIONS)('of %s have the question, five anchors and the form of the answer', (question) => {
    const text = instructions(question);
    const { ask, anchors } = QUESTION_TEXTS[question];
    expect(text).toContain(ask);
    for (const [i, anchor] of anchors.entries()) expect(text).toContain(`\n${i + 1} = ${anchor}\n`);
    expect(text).toContain(question === 'groundedness' ? '{"scores": {' : '{"score": ');
  });
});

describe('parseAnswer', () => {
  it.each([
    ['plain JSON', '{"score": 4}'],
    ['a code fence', '```json\n{"score": 4}\n```'],
    ['words around it', 'I would say {"score": 4} because.'],
    ['thoughts before it', '<think>maybe {"score": 2}?</think>\n{"score": 4}'],
    ['more than was asked for', '{"reason": "good", "score": 4}'],
  ])('finds the score in %s', (_, text) => expect(parseAnswer('diversity', 3, text)).toEqual([4]));

  it('returns the scores of pairs in the order of their numbers', () => {
    const scores = Object.fromEntries([...Array(11).keys()].map((i) => [`${11 - i}`, 1 + ((11 - i) % 5)]));
    expect(parseAnswer('groundedness', 11, JSON.stringify({ scores }))).toEqual([
      2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2,
    ]);
  });

  it.each(['', 'four', '{"score": 4', '}{'])('refuses "%s", which is no JSON object', (text) => {
    expect(() => parseAnswer('alignment', 3, text)).toThrow(SyntaxError);
  });

  it.each(['{"score": 0}', '{"score": 6}', '{"score": 3.5}', '{"score": "4"}', '{"scores": {"1": 4}}', '{}'])(
    'refuses %s, which is no score',
    (text) => expect(() => parseAnswer('alignment', 3, text)).toThrow(ZodError),
  );

  it('refuses scores that do not cover every pair', () => {
    expect(() => parseAnswer('groundedness', 2, '{"scores": {"1": 4}}')).toThrow(ZodError);
  });
});
