/**
 * Draws `docs/quickstart.svg` from the quickstart's figures: the report's chart of alignment against diversity, as a picture of its own.
 * Run it after `npm run quickstart`: `npx jiti examples/quickstart-picture.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readReport } from 'r4t';
import { paretoChart } from '../src/evaluate/report/charts/pareto.js';
import { html, trusted } from '../src/evaluate/report/markup.js';
import { CHART_STYLE } from '../src/evaluate/report/style.js';

const [width, height] = [720, 420];

const { results } = await readReport(join('runs', 'quickstart', 'evaluate'));
const picture = html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif">
<style>${trusted(CHART_STYLE)}</style>
<rect width="${width}" height="${height}" fill="var(--surface)"/>
${paretoChart(results, { encoder: 'own', width, height })}
</svg>
`;
const file = join('docs', 'quickstart.svg');
writeFileSync(file, picture.source);
console.log(`wrote ${file}`);
