const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  quot: '"',
  apos: "'",
  lt: '<',
  gt: '>',
  nbsp: ' ',
  reg: '®',
  copy: '©',
  trade: '™',
  deg: '°',
  plusmn: '±',
  sup2: '²',
  frac12: '½',
  ndash: '–',
  mdash: '—',
  rsquo: '’',
};

/** Marks of accented letters such as `&eacute;`, as combining characters. */
const ACCENTS: Readonly<Record<string, string>> = {
  grave: '\u0300',
  acute: '\u0301',
  circ: '\u0302',
  tilde: '\u0303',
  uml: '\u0308',
  ring: '\u030a',
  cedil: '\u0327',
};

/** Writes out the HTML entities that titles on shop pages have; unknown ones stay. White space is tidied. */
export function decodeEntities(text: string): string {
  return text
    .replace(/&#(\d{1,6});/g, (_, code: string) => String.fromCodePoint(Number(code)))
    .replace(/&([a-z]+\d*);/gi, (entity, name: string) => {
      const accent = ACCENTS[name.slice(1)];
      return NAMED[name] ?? (accent === undefined ? entity : (name[0] + accent).normalize('NFC'));
    })
    .replace(/\s+/g, ' ')
    .trim();
}
