/** Sets side by side as pictures: tiles of items, those that are right marked. */
import type { MethodName, ReportedQuery } from 'r4t';
import { html, type Markup, trusted } from '../../src/evaluate/report/markup.js';
import { inlinePictures } from '../../src/evaluate/report/pictures.js';
import { CHART_STYLE } from '../../src/evaluate/report/style.js';
import type { CatalogItem } from './data.js';

/** The sets that are shown, with the names that a newcomer understands. */
const SHOWN: readonly (readonly [MethodName, string])[] = [
  ['plain', 'Plain search'],
  ['diffusion', 'r4t'],
];

const COLUMNS = 5;
const TILE = { width: 132, height: 116, gap: 8 };
const PICTURE = 48;
const HEADING = 34;
const TITLE = 44;
const MARGIN = 14;
const LINE = 15;
/** Letters that fit into a tile, of titles and of captions. */
const LETTERS = { title: 18, caption: 25 };
const WIDTH = COLUMNS * TILE.width + (COLUMNS - 1) * TILE.gap;

const STYLE = `${CHART_STYLE}text { font-family: system-ui, sans-serif; fill: var(--ink); }
.query { font-size: 21px; font-weight: 650; } .heading { font-size: 14.5px; font-weight: 600; } .score, .caption { fill: var(--muted); } .score { font-weight: 400; }
.title { font-size: 12.5px; } .caption { font-size: 10.5px; } .initial { font-size: 22px; fill: var(--muted); }
.tile { fill: var(--soft); stroke: var(--line); } .right .tile { stroke: var(--good); stroke-width: 2; } .wrong image { opacity: .55; }
.plate { fill: var(--plate); } .empty { fill: var(--line); } .mark { fill: var(--good); } .tick { fill: none; stroke: var(--surface); stroke-width: 2; }
`;

interface Tile {
  readonly title: string;
  readonly caption: string;
  /** A `data:` address. */
  readonly image?: string;
  readonly right: boolean;
}

export interface PictureOptions {
  readonly catalog: ReadonlyMap<string, CatalogItem>;
  /** What makes an item right, to follow "7 of 10 are". */
  readonly right: string;
}

/** A drawing for each query, which stands alone. */
export async function drawSets(
  queries: readonly ReportedQuery[],
  { catalog, right }: PictureOptions,
): Promise<Markup[]> {
  const pictures = await inlinePictures(queries);
  return queries.map(({ query, sets }) => {
    const panels = SHOWN.map(([method, name]) => {
      const tiles = (sets[method]?.items ?? []).map(
        ({ id, title, image, relevant }): Tile => ({
          title,
          caption: catalog.get(id)?.category ?? '',
          image: image === undefined ? undefined : pictures.get(image),
          right: relevant === true,
        }),
      );
      return { name, tiles };
    });
    return drawing(query, panels, right);
  });
}

/** The drawings on one page that needs no network. */
export function setsPage(title: string, drawings: readonly Markup[]): string {
  return html`<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>body { margin: 24px auto; max-width: 760px; padding: 0 12px; } svg { display: block; width: 100%; height: auto; margin-bottom: 28px; }</style>
${drawings}
</html>
`.source;
}

interface Panel {
  readonly name: string;
  readonly tiles: readonly Tile[];
}

function drawing(query: string, panels: readonly Panel[], right: string): Markup {
  let y = TITLE;
  const parts = panels.map((panel) => {
    const part = html`<g transform="translate(0 ${y})">${drawPanel(panel, right)}</g>`;
    y += HEADING + Math.ceil(panel.tiles.length / COLUMNS) * (TILE.height + TILE.gap) + TILE.gap;
    return part;
  });
  const height = y + 2 * MARGIN + TILE.gap;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-MARGIN} ${-MARGIN} ${WIDTH + 2 * MARGIN} ${height}" role="img">
<title>${query}: ${panels.map(scoreOf).join('; ')}</title>
<style>${trusted(STYLE)}</style>
<rect x="${-MARGIN}" y="${-MARGIN}" width="${WIDTH + 2 * MARGIN}" height="${height}" fill="var(--surface)"/>
<text class="query" y="22">${query}</text>
${parts}<text class="caption" y="${y + 6}">Pictures: OpenMoji, CC BY-SA 4.0</text>
</svg>
`;
}

/** `Plain search: 1 of 10 right`, for who cannot see the drawing. */
function scoreOf({ name, tiles }: Panel): string {
  return `${name}: ${tiles.filter((tile) => tile.right).length} of ${tiles.length} right`;
}

function drawPanel({ name, tiles }: Panel, right: string): Markup {
  const found = tiles.filter((tile) => tile.right).length;
  return html`<text class="heading" y="20">${name}<tspan class="score" dx="8">${found} of ${tiles.length} ${found === 1 ? 'is' : 'are'} ${right}</tspan></text>
${tiles.map((tile, i) => drawTile(tile, (i % COLUMNS) * (TILE.width + TILE.gap), HEADING + Math.floor(i / COLUMNS) * (TILE.height + TILE.gap)))}`;
}

function drawTile({ title, caption, image, right }: Tile, x: number, y: number): Markup {
  const middle = TILE.width / 2;
  const left = middle - PICTURE / 2;
  const lines = wrapped(title, LETTERS.title);
  return html`<g class="${right ? 'right' : 'wrong'}" transform="translate(${x} ${y})">
<rect class="tile" width="${TILE.width}" height="${TILE.height}" rx="8"/>
${
  image
    ? html`<rect class="plate" x="${left - 3}" y="5" width="${PICTURE + 6}" height="${PICTURE + 6}" rx="10"/><image href="${image}" x="${left}" y="8" width="${PICTURE}" height="${PICTURE}"/>`
    : html`<circle class="empty" cx="${middle}" cy="${8 + PICTURE / 2}" r="20"/><text class="initial" x="${middle}" y="${16 + PICTURE / 2}" text-anchor="middle">${title.charAt(0)}</text>`
}
${right && html`<circle class="mark" cx="${TILE.width - 14}" cy="14" r="8"/><path class="tick" d="M${TILE.width - 18} 14l3 3 5-6"/>`}
${lines.map((line, i) => html`<text class="title" x="${middle}" y="${PICTURE + 24 + i * LINE - (lines.length === 1 ? 0 : 1)}" text-anchor="middle">${line}</text>`)}
<text class="caption" x="${middle}" y="${TILE.height - 9}" text-anchor="middle">${cut(caption, LETTERS.caption)}</text>
</g>
`;
}

/** The text on at most two lines. */
function wrapped(text: string, letters: number): string[] {
  if (text.length <= letters) return [text];
  const end = text.lastIndexOf(' ', letters);
  return end <= 0 ? [cut(text, letters)] : [text.slice(0, end), cut(text.slice(end + 1), letters)];
}

const cut = (text: string, letters: number): string =>
  text.length <= letters ? text : `${text.slice(0, letters - 1)}…`;
