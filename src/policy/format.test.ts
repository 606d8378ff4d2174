import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  BEGIN,
  FORBIDDEN,
  type Format,
  FULL,
  formatCompletion,
  formatStates,
  formatTable,
  INSIDE,
  maxCompletionTokens,
  parseCompletion,
} from './format.js';
import { scene, TEXTS } from './testing/scene.js';
import { PAD, SEPARATOR, START, UNKNOWN } from './tokenizer.js';

const { tokenizer } = scene();
const table = formatTable(tokenizer);
const isAllowed = (state: number, id: number) => table[state * tokenizer.size + id] === 0;
const specials = [PAD, START, UNKNOWN];
const ordinary = Array.from({ length: tokenizer.size - 4 }, (_, i) => i + 4);

const subQuery = fc.oneof(
  fc.constantFrom(...TEXTS),
  fc.constantFrom(
    '',
    ' ',
    'chairtablelamp',
    'golden 日 boot',
    '日 red',
    '日日',
    'red blue green black golden tent',
  ),
  fc.string({ unit: fc.constantFrom('r', 'e', 'd', ' ', '-', '日'), maxLength: 12 }),
);
const subQueries = fc.array(subQuery, { maxLength: 6 });
const formats = fc.record({ k: fc.constant(6), maxTokens: fc.integer({ min: 1, max: 6 }) });

describe('formatTable', () => {
  it('never allows padding, start or unknown', () => {
    for (const state of [BEGIN, INSIDE, FULL])
      for (const id of specials) expect(isAllowed(state, id)).toBe(false);
  });

  it('begins with a new word, goes on with anything, and ends when full', () => {
    for (const id of ordinary) {
      expect(isAllowed(BEGIN, id)).toBe(tokenizer.startsWord(id));
      expect(isAllowed(INSIDE, id)).toBe(true);
      expect(isAllowed(FULL, id)).toBe(false);
    }
    expect([BEGIN, INSIDE, FULL].map((state) => isAllowed(state, SEPARATOR))).toEqual([false, true, true]);
  });

  it('holds nothing but 0 and -1e9', () => {
    expect(new Set(table)).toEqual(new Set([0, FORBIDDEN]));
  });
});

describe('formatStates', () => {
  it('counts the tokens of each sub-query', () => {
    const tokens = [7, 8, SEPARATOR, 7, SEPARATOR, 7, 8, 9, SEPARATOR];
    expect([...formatStates(tokens, { k: 3, maxTokens: 3 })]).toEqual([
      ...[BEGIN, INSIDE, INSIDE],
      ...[BEGIN, INSIDE],
      ...[BEGIN, INSIDE, INSIDE, FULL],
    ]);
    expect([...formatStates([7, SEPARATOR, 7, SEPARATOR], { k: 2, maxTokens: 1 })]).toEqual([
      ...[BEGIN, FULL],
      ...[BEGIN, FULL],
    ]);
  });
});

describe('formatCompletion', () => {
  it('writes only what the format allows', () => {
    fc.assert(
      fc.property(subQueries, formats, (texts, format) => {
        const tokens = formatCompletion(texts, tokenizer, format);
        expect(tokens.length).toBeLessThanOrEqual(maxCompletionTokens(format));
        const states = formatStates(tokens, format);
        tokens.forEach((id, i) => {
          expect(isAllowed(states[i], id)).toBe(true);
        });
      }),
    );
  });

  it('is undone by parseCompletion where nothing had to be cut', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...TEXTS), { maxLength: 6 }), (texts) => {
        const tokens = formatCompletion(texts, tokenizer, { k: 6, maxTokens: 99 });
        expect(parseCompletion(tokens, tokenizer)).toEqual(texts);
      }),
    );
  });

  it('is the same again for what was parsed from it', () => {
    fc.assert(
      fc.property(subQueries, formats, (texts, format) => {
        const parsed = parseCompletion(formatCompletion(texts, tokenizer, format), tokenizer);
        const again = parseCompletion(formatCompletion(parsed, tokenizer, format), tokenizer);
        expect(again).toEqual(parsed);
        expect(parsed).not.toContain('');
      }),
    );
  });

  it('keeps as many whole words as fit, and cuts a word only if it is too long alone', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...TEXTS), { minLength: 1, maxLength: 4 }),
        formats,
        (texts, format) => {
          const text = texts.join(' ');
          const prefixes = text
            .split(' ')
            .map((_, i, words) => tokenizer.encode(words.slice(0, i + 1).join(' ')));
          const expected =
            prefixes.findLast((ids) => ids.length <= format.maxTokens) ??
            prefixes[0].slice(0, format.maxTokens);
          expect([...formatCompletion([text], tokenizer, format)]).toEqual([...expected, SEPARATOR]);
        },
      ),
    );
  });

  it('leaves out what has no text, and characters which cannot be written', () => {
    const format: Format = { k: 9, maxTokens: 9 };
    const parsed = parseCompletion(
      formatCompletion(['', '日', 'red 日 lamp', ' tent'], tokenizer, format),
      tokenizer,
    );
    expect(parsed).toEqual(['red lamp', 'tent']);
  });
});

describe('parseCompletion', () => {
  it('gives one text a separator, and drops what was not ended', () => {
    const [red] = tokenizer.encode('red');
    expect(parseCompletion([red, SEPARATOR, red, red, SEPARATOR, red], tokenizer)).toHaveLength(2);
    expect(parseCompletion([], tokenizer)).toEqual([]);
  });
});
