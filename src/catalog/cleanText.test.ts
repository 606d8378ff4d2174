import fc from 'fast-check';
import { expect, it } from 'vitest';
import { cleanText } from './cleanText.js';

it.each([
  ['Home &amp; Kitchen > Cookware', 'Home & Kitchen > Cookware'],
  ['Chef&#8217;s knife 12&quot; &#x2013; caf&eacute;', 'Chef’s knife 12" – café'],
  ['Home &amp;amp; Kitchen', 'Home & Kitchen'],
  ['<p>A <b>bo</b>ld</p>\n<ul><li>one</li><li>two</li></ul>', 'A bold one two'],
  ['&lt;p&gt;Escaped&lt;/p&gt;', 'Escaped'],
  ['a<br>b<br/>c', 'a b c'],
  ['x<script>alert(1)</script><style>p{}</style>y', 'x y'],
  ['<img src=x onerror=alert(1)>Mug', 'Mug'],
  ['<p title="a>b">q</p>', 'q'],
  ['a < b & c > d, size <M>, x <3 y', 'a < b & c > d, size <M>, x <3 y'],
  ['AT&T &unknown; ?a=1&copy=2', 'AT&T &unknown; ?a=1&copy=2'],
  ['  \u00a0Mug\u0000\ufeff ', 'Mug'],
  ['cafe\u0301', 'café'],
  ['two\nlines', 'two\nlines'],
])('%j is %j', (text, clean) => {
  expect(cleanText(text)).toBe(clean);
});

it('leaves nothing to clean, nor anything a browser would take for a tag that it knows', () => {
  const piece = fc.constantFrom(
    '<b>',
    '</p>',
    '<script>',
    '</script>',
    '&amp;',
    '&lt;',
    'é',
    'e\u0301',
    '<',
    '>',
    '&',
    ' ',
    'word',
    '"',
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const once = cleanText(pieces.filter((text) => !text.startsWith('&')).join(''));
      expect(cleanText(once)).toBe(once);
      expect(once).not.toMatch(/<\/?(?:b|p|script)>/);
    }),
  );
});
