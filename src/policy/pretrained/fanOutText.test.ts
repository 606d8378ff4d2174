import { describe, expect, it } from 'vitest';
import { endedLines, fanOutMessages, subQueriesOf, writtenLines } from './fanOutText.js';

describe('writtenLines', () => {
  it.each([
    ['1. salt\n2) pepper\n', ['salt', 'pepper']],
    ['- "olive oil"\n* basil,\n• lemon.', ['olive oil', 'basil', 'lemon']],
    ['\n  \nsea salt\r\n\n', ['sea salt']],
    ['2 cups of flour\n7-seas spice', ['2 cups of flour', '7-seas spice']],
    ['-\n"', []],
  ])('%j', (text, lines) => {
    expect(writtenLines(text)).toEqual(lines);
  });
});

describe('endedLines', () => {
  it.each([
    ['', 0],
    ['salt', 0],
    ['salt\n', 1],
    ['salt\n\n\npep', 1],
    ['salt\npepper\n', 2],
  ])('%j', (text, count) => {
    expect(endedLines(text)).toBe(count);
  });
});

describe('subQueriesOf', () => {
  it('cuts to k, and lets the query stand for what was not written', () => {
    expect(subQueriesOf('a\nb\nc', 2, 'q')).toEqual(['a', 'b']);
    expect(subQueriesOf('a', 3, 'q')).toEqual(['a', 'q', 'q']);
  });
});

describe('fanOutMessages', () => {
  it('shows examples as earlier turns, cut to k', () => {
    const messages = fanOutMessages('picnic', 2, [{ query: 'cake', subQueries: ['flour', 'egg', 'milk'] }]);
    expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
    expect(messages[2].content).toBe('flour\negg');
    expect(messages[3].content).toBe('picnic');
  });
});
