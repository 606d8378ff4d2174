/**
 * Draws `docs/quickstart.svg`: the first dish that the quickstart shows, with the sets of plain search and of Diffusion. Run it after
 * `npm run quickstart`: `npx jiti examples/quickstart-picture.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError, readReport } from 'r4t';
import { readCatalog, shownQueries } from './quickstart/data.js';
import { drawSets } from './quickstart/picture.js';

const folder = join('runs', 'quickstart', 'evaluate');
const { queries } = await readReport(folder);
const catalog = readCatalog(join('runs', 'kitchen', 'catalog.jsonl'));
const [picture] = await drawSets(shownQueries(queries, 1), { catalog, right: 'what the dish needs' });
if (!picture) throw new InputError('has no test queries to draw', { file: folder });
const file = join('docs', 'quickstart.svg');
writeFileSync(file, picture.source);
console.log(`wrote ${file}`);
