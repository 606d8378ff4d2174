import { Parser } from 'htmlparser2';

/** What a text needs before people and encoders read it: no HTML, Unicode in its composed form (NFC), no control characters. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text.trim();
  let clean = text;
  // Twice: some exports write markup as entities, `&lt;p&gt;`, or entities of entities.
  for (let i = 0; i < 2 && (ENTITY.test(clean) || TAG.test(clean)); i++) clean = withoutHtml(clean);
  return clean.replace(CONTROL, '').normalize('NFC').trim();
}

/** Most values: nothing to do. */
const PLAIN = /^[ !-%'-;=-~]*$/;
const ENTITY = /&(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});/i;
/** Browsers would read `&copy` without a semicolon too: here it is part of an address. */
const BARE = /&(?!(?:#\d{1,7}|#x[\da-f]{1,6}|[a-z][a-z\d]{1,31});)/gi;
/** Tags that descriptions have; `size <M>` and `a < b` have none. */
const TAG =
  /<\/?(?:a|abbr|article|b|big|blockquote|body|br|center|cite|code|dd|del|div|dl|dt|em|figcaption|figure|font|footer|h[1-6]|head|header|hr|html|i|iframe|img|ins|li|link|main|mark|meta|nav|ol|p|picture|pre|s|script|section|small|source|span|strike|strong|style|sub|sup|svg|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|video|wbr)(?:\s[^<>]*)?\/?>/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is removed
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufeff]/g;
/** Tags that change nothing about where a word ends. */
const INLINE = new Set(
  'a abbr b big cite code del em font i ins mark s small span strike strong sub sup tt u wbr'.split(' '),
);
const UNREAD = new Set(['head', 'script', 'style']);

/** The text of HTML, with entities written out; other `<` and `&` stay. */
function withoutHtml(html: string): string {
  const hasTags = TAG.test(html);
  let text = '';
  let unread = 0;
  const space = (name: string) => {
    if (!INLINE.has(name)) text += ' ';
  };
  const parser = new Parser(
    {
      onopentagname(name) {
        if (UNREAD.has(name)) unread++;
        space(name);
      },
      ontext(data) {
        if (unread === 0) text += data;
      },
      onclosetag(name) {
        if (UNREAD.has(name)) unread--;
        space(name);
      },
    },
    { decodeEntities: true },
  );
  // Without tags every `<` is a plain one.
  const marked = html.replace(BARE, '&amp;');
  parser.end(hasTags ? marked : marked.replaceAll('<', '&lt;'));
  return hasTags ? text.replace(/\s+/g, ' ').trim() : text;
}
