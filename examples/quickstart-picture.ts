/**
 * Draws `docs/quickstart.svg` from the quickstart's figures: every method's alpha-nDCG by people's labels with its interval, as the
 * report has it. Run it after `npm run quickstart`: `npx jiti examples/quickstart-picture.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, readReport } from 'r4t';
import { forestChart } from '../src/evaluate/report/charts/forest.js';
import { html, trusted } from '../src/evaluate/report/markup.js';
import { MAIN_METRIC } from '../src/evaluate/report/names.js';
import { CHART_STYLE } from '../src/evaluate/report/style.js';

const folder = join('runs', 'quickstart', 'evaluate');
const WIDTH = 720;
const MARGIN = 12;

const { results } = await readReport(folder);
const chart = forestChart(results, { metric: MAIN_METRIC, width: WIDTH });
if (!chart) throw new InputError('has no figures by labels to draw', { file: folder });
const height = Number(/viewBox="0 0 \d+ (\d+)"/.exec(chart.source)?.[1]);
const picture = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="${-MARGIN} ${-MARGIN} ${WIDTH + 2 * MARGIN} ${height + 2 * MARGIN}" font-family="system-ui, sans-serif">
<style>${trusted(CHART_STYLE)}</style>
<rect x="${-MARGIN}" y="${-MARGIN}" width="${WIDTH + 2 * MARGIN}" height="${height + 2 * MARGIN}" fill="var(--surface)"/>
<svg width="${WIDTH}" height="${height}">${chart}</svg>
</svg>
`;
const file = join('docs', 'quickstart.svg');
writeFileSync(file, picture.source);
console.log(`wrote ${file}`);
