import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { html, jsonScript, trusted } from './markup.js';

/** Texts that like to break out of markup. */
const hostile = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        '<',
        '>',
        '"',
        "'",
        '&',
        '&lt;',
        '</script>',
        '<!--',
        ']]>',
        '${',
        '`',
        '\u0000',
        '\ud800',
        'a',
      ),
    )
    .map((parts) => parts.join('')),
);

const unescaped = (text: string) =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

describe('html', () => {
  it('never lets a text become markup, and keeps it readable', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const { source } = html`<b title="${text}">${text}</b>`;
        const [, attribute, content] = /^<b title="([^"]*)">([^<]*)<\/b>$/s.exec(source) ?? [];
        expect(attribute).toBe(content);
        expect(content).not.toMatch(/[<>"']/);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: those a page may not hold
        const readable = text.replace(/[\0-\x08\v\f\x0e-\x1f\x7f-\x9f]|\p{Cs}/gu, '\ufffd');
        expect(unescaped(content)).toBe(readable);
      }),
    );
  });

  it('keeps markup, joins lists and skips what is absent', () => {
    const items = ['a', '<b>'].map((text) => html`<li>${text}</li>`);
    expect(html`<ul>${items}</ul>${false}${undefined}${0}`.source).toBe(
      '<ul><li>a</li><li>&lt;b&gt;</li></ul>0',
    );
    expect(`${html`${trusted('<hr>')}`}`).toBe('<hr>');
  });
});

describe('jsonScript', () => {
  it('holds any value, and nothing that ends the script element', () => {
    fc.assert(
      fc.property(fc.array(hostile), (texts) => {
        const { source } = jsonScript({ texts });
        expect(source).not.toContain('<');
        expect(JSON.parse(source)).toEqual({ texts });
      }),
    );
  });
});
