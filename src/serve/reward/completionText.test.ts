import { describe, expect, it } from 'vitest';
import { afterPrompt, subQueriesIn } from './completionText.js';

describe('afterPrompt', () => {
  it.each([
    ['ask: salt', 'ask:', ' salt'],
    ['<s>ask: salt', 'ask:', ' salt'],
    ['ask: ask: salt', 'ask:', ' ask: salt'],
    ['salt', 'ask:', undefined],
  ])('%j after %j', (text, prompt, completion) => {
    expect(afterPrompt(text, prompt)).toBe(completion);
  });
});

describe('subQueriesIn', () => {
  const q = 'dinner';
  it.each([
    ['1. salt\n2. pepper\n3. oil\n4. more', ['salt', 'pepper', 'oil']],
    ['salt<|im_end|>\nassistant', ['salt', q, q]],
    ['{salt\npepper', ['{salt', 'pepper', q]],
    ['salt\npepper</s>', ['salt', 'pepper', q]],
    ['<think>what\nelse?</think>\n\nsalt\npepper', ['salt', 'pepper', q]],
    ['{"subQueries": ["salt", "pepper"]}<|eot_id|>', ['salt', 'pepper', 'salt']],
    ['```json\n{"subQueries": ["salt", "Salt", "a", "b", "c"]}\n```', ['salt', 'a', 'b']],
  ])('%j', (completion, subQueries) => {
    expect(subQueriesIn(completion, 3, q)).toEqual({ subQueries, usable: true });
  });

  it.each(['', '\n-\n', '<|im_end|>salt', '<think>salt\npepper', '{"subQueries": ["salt", "pep', '{"a": 1}'])(
    'has none in %j',
    (completion) => {
      expect(subQueriesIn(completion, 3, q)).toEqual({ subQueries: [q, q, q], usable: false });
    },
  );
});
