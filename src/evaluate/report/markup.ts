/**
 * HTML and SVG in which text can never become markup: what a template is given is escaped unless it is markup itself. `hono/html`
 * does that too, but may give a promise, and keeps control characters and lone surrogates, which catalogs and queries may hold and a
 * file may not.
 */

/** Text that is already HTML or SVG. Only {@link html} and {@link trusted} make it. */
export class Markup {
  constructor(readonly source: string) {}
  toString(): string {
    return this.source;
  }
}

export type Content = Markup | string | number | false | undefined | readonly Content[];

/**
 * A template whose holes are escaped; lists are joined, false and undefined are nothing.
 *
 * @example
 * html`<td title="${query}">${rows.map((row) => html`<b>${row.title}</b>`)}</td>`
 */
export function html(texts: TemplateStringsArray, ...holes: readonly Content[]): Markup {
  return new Markup(texts.reduce((all, text, i) => all + render(holes[i - 1]) + text));
}

/** Text of the program itself, such as a style sheet. Never for text that came from a catalog or a user. */
export function trusted(source: string): Markup {
  return new Markup(source);
}

/** The value as JSON that may stand in a script element: no text in it can end the element or open a comment. */
export function jsonScript(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replaceAll('<', '\\u003c'));
}

function render(content: Content): string {
  if (content === undefined || content === false) return '';
  if (content instanceof Markup) return content.source;
  if (typeof content === 'object') return content.map(render).join('');
  return escapeText(String(content));
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeText(text: string): string {
  return (
    text
      .replace(/[&<>"']/g, (mark) => ENTITIES[mark])
      // Control characters are not allowed in HTML, and lone surrogates cannot be written as UTF-8.
      .replace(/[^\P{Cc}\t\n\r]|\p{Cs}/gu, '\ufffd')
  );
}
