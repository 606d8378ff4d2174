import { expect, it } from 'vitest';
import { fieldText, parseTemplate, renderTemplate } from './template.js';

const render = (template: string, record: object) => renderTemplate(parseTemplate(template), { ...record });

it.each([
  ['{title}. {category}', { title: 'Mug', category: 'Kitchen' }, 'Mug. Kitchen'],
  ['{title}. {category}', { title: 'Mug' }, 'Mug'],
  ['{title}. {category}', { category: 'Kitchen' }, 'Kitchen'],
  ['{title}. {brand} ({category})', { title: 'Mug', category: 'Kitchen' }, 'Mug (Kitchen)'],
  ['{title} ({category})', { title: 'Mug', category: null }, 'Mug'],
  ['a {title}, {title}!', { title: 'Mug' }, 'a Mug, Mug!'],
  ['{title}', { title: '  ' }, ''],
  ['{tags}, {price}', { tags: ['red', ' blue ', ''], price: 3 }, 'red, blue, 3'],
])('%s of %j is %j', (template, record, text) => {
  expect(render(template, record)).toBe(text);
});

it('names its fields once', () => {
  expect(parseTemplate('{a} { b } {a}').fields).toEqual(['a', 'b']);
});

it.each(['title', '', '{title', 'title}', '{{title}}', '{}'])('refuses %j', (template) => {
  expect(() => parseTemplate(template)).toThrow(/is not a text template; write it like/);
});

it('takes nested objects for empty', () => {
  expect(fieldText({ a: 1 })).toBe('');
  expect(fieldText(undefined)).toBe('');
});
