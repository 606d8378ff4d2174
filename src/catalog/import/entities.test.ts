import { expect, it } from 'vitest';
import { decodeEntities } from './entities.js';

it.each([
  ['AT&amp;T 60&quot; &#39;Umbrella&#39;', `AT&T 60" 'Umbrella'`],
  ['Caf&eacute; &Uuml;ber &ntilde; gar&ccedil;on', 'Café Über ñ garçon'],
  ['a&nbsp;&nbsp; b\n', 'a b'],
  ['&unknown; & &amp;amp; &#65292;', '&unknown; & &amp; ，'],
])('%j', (text, decoded) => {
  expect(decodeEntities(text)).toBe(decoded);
});
