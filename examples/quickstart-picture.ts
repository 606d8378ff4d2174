/**
 * Draws `docs/quickstart.svg`: the first test dish of the quickstart with the sets of plain search and of Diffusion, right items marked. Run it after
 * `npm run quickstart`: `npx jiti examples/quickstart-picture.ts`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, type ReportedSet, readReport } from 'r4t';
import { html, type Markup, trusted } from '../src/evaluate/report/markup.js';
import { CHART_STYLE } from '../src/evaluate/report/style.js';
import { readCatalog, shownQueries } from './quickstart/data.js';

const FOLDER = join('runs', 'quickstart', 'evaluate');
/** Pixels. */
const TILE = { width: 164, height: 60, gap: 8 };
const COLUMNS = 5;
const MARGIN = 16;
const HEADING = 30;
const WIDTH = COLUMNS * (TILE.width + TILE.gap) - TILE.gap + 2 * MARGIN;
/** Letters of a title in a line of a tile. */
const LINE = 16;
const STYLE = `text { fill: var(--ink); font-size: 12px; }
.query { font-size: 19px; font-weight: 600; }
.method { font-size: 14px; font-weight: 600; }
.aisle, .note { fill: var(--muted); font-size: 10px; }
.tile { fill: var(--soft); stroke: var(--line); }
.right { stroke: var(--good); stroke-width: 2; }
.tick { fill: var(--good); font-weight: 700; }
.blank { fill: var(--line); }
.initial { fill: var(--muted); font-size: 16px; }
`;

const report = await readReport(FOLDER);
const catalog = readCatalog(join('runs', 'kitchen', 'catalog.jsonl'));
const [shown] = shownQueries(report.queries, 1);
if (!shown) throw new InputError('has no test queries to draw', { file: FOLDER });
const { query, sets } = shown;

const panels = [
  { name: 'Plain search', set: sets.plain },
  { name: 'r4t Diffusion', set: sets.diffusion },
];
const rows = Math.max(...panels.map(({ set }) => Math.ceil((set?.items.length ?? 0) / COLUMNS)));
const panelHeight = HEADING + rows * (TILE.height + TILE.gap) + 10;
const top = 46;
const height = top + panels.length * panelHeight + 22;
const picture = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" role="img" aria-label="${`What to buy for ${query}: plain search and r4t`}">
<style>${trusted(CHART_STYLE + STYLE)}</style>
<rect width="${WIDTH}" height="${height}" rx="10" fill="var(--surface)"/>
<text class="query" x="${MARGIN}" y="32">“${query}”</text>
${panels.map(({ name, set }, i) => panel(name, set, top + i * panelHeight))}
<text class="note" x="${MARGIN}" y="${height - 10}">✓ what the dish needs. Pictures: OpenMoji, CC BY-SA 4.0.</text>
</svg>
`;
const file = join('docs', 'quickstart.svg');
writeFileSync(file, picture.source);
console.log(`wrote ${file}`);

function panel(name: string, set: ReportedSet | undefined, y: number): Markup {
  const items = set?.items ?? [];
  const right = items.filter(({ relevant }) => relevant).length;
  return html`<g transform="translate(${MARGIN} ${y})">
<text class="method" y="18">${name}: ${right} of ${items.length} right</text>
${items.map((item, i) => tile(item, i))}</g>
`;
}

function tile(item: ReportedSet['items'][number], place: number): Markup {
  const { category = '', image } = catalog.get(item.id) ?? {};
  const x = (place % COLUMNS) * (TILE.width + TILE.gap);
  const y = HEADING + Math.floor(place / COLUMNS) * (TILE.height + TILE.gap);
  const lines = wrap(item.title);
  const size = 40;
  const inset = (TILE.height - size) / 2;
  const drawn =
    image === undefined
      ? html`<rect class="blank" x="${inset}" y="${inset}" width="${size}" height="${size}" rx="8"/><text class="initial" x="${inset + size / 2}" y="${TILE.height / 2 + 6}" text-anchor="middle">${item.title.charAt(0)}</text>`
      : html`<image x="${inset}" y="${inset}" width="${size}" height="${size}" href="data:image/svg+xml;base64,${readFileSync(image).toString('base64')}"/>`;
  const first = TILE.height / 2 + 4 - 7 * lines.length;
  return html`<g transform="translate(${x} ${y})">
<rect class="${item.relevant ? 'tile right' : 'tile'}" width="${TILE.width}" height="${TILE.height}" rx="8"/>
${drawn}
${lines.map((line, i) => html`<text x="58" y="${first + 14 * i}">${line}</text>`)}
<text class="aisle" x="58" y="${first + 14 * lines.length}">${category}</text>
${item.relevant ? html`<text class="tick" x="${TILE.width - 16}" y="16">✓</text>` : ''}
</g>
`;
}

/** At most two lines of whole words; what does not fit ends in an ellipsis. */
function wrap(title: string): string[] {
  const lines: string[] = [''];
  for (const word of title.split(' ')) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (line.length <= LINE || lines.at(-1) === '') lines[lines.length - 1] = line;
    else lines.push(word);
  }
  return lines.length > 2 ? [lines[0], `${lines[1]}…`] : lines;
}
