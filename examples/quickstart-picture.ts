/**
 * Draws `docs/quickstart.svg` from the quickstart's figures: alignment against diversity of every method, those with
 * directions of their own filled. Run it after `npm run quickstart`: `npx jiti examples/quickstart-picture.ts`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { METHOD_INFO, type MethodName, readReport } from 'r4t';

const { results } = await readReport(join('runs', 'quickstart', 'evaluate'));
const { methods } = results;
const queries = results.queries.test;
/** Methods with directions of their own are drawn filled, those that search with the query alone hollow. */
const FAN_OUT = new Set<MethodName>(['untrained', 'bestOfN', 'folm', 'diffusion']);
const BOX = { left: 70, top: 40, width: 520, height: 300 };
const X = { from: 0.3, to: 0.8, label: 'diversity of the items (normalised Vendi)' };
const Y = { from: 0.2, to: 0.5, label: 'alignment of the items with the query (cosine)' };

const x = (value: number) => BOX.left + ((value - X.from) / (X.to - X.from)) * BOX.width;
const y = (value: number) => BOX.top + BOX.height - ((value - Y.from) / (Y.to - Y.from)) * BOX.height;
const ticks = (from: number, to: number) =>
  Array.from({ length: Math.round((to - from) / 0.1) + 1 }, (_, i) => from + i * 0.1);

const bottom = BOX.top + BOX.height;
const grid = [
  ...ticks(X.from, X.to).map(
    (t) =>
      `<path d="M${x(t)} ${BOX.top}V${bottom}"/><text x="${x(t)}" y="${bottom + 18}" text-anchor="middle">${t.toFixed(1)}</text>`,
  ),
  ...ticks(Y.from, Y.to).map(
    (t) =>
      `<path d="M${BOX.left} ${y(t)}h${BOX.width}"/><text x="${BOX.left - 8}" y="${y(t) + 4}" text-anchor="end">${t.toFixed(1)}</text>`,
  ),
];
const dots = (Object.keys(methods) as MethodName[]).map((name, i) => {
  const diversity = methods[name]?.metrics.diversity?.mean ?? 0;
  const alignment = methods[name]?.metrics.alignment?.mean ?? 0;
  const fill = FAN_OUT.has(name) ? '#c2410c' : '#fff';
  const stroke = FAN_OUT.has(name) ? '#c2410c' : '#1d4ed8';
  // Neighbouring labels go above and below in turn.
  const shift = i % 2 === 0 ? -11 : 19;
  return (
    `<circle cx="${x(diversity)}" cy="${y(alignment)}" r="5" fill="${fill}" stroke="${stroke}" stroke-width="2"/>` +
    `<text x="${x(diversity)}" y="${y(alignment) + shift}" text-anchor="middle" class="name">${METHOD_INFO[name].short}</text>`
  );
});
writeFileSync(
  join('docs', 'quickstart.svg'),
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 410" font-family="system-ui, sans-serif" font-size="12" fill="#444">
<style>path{stroke:#ddd;fill:none}.name{fill:#111;font-size:13px}</style>
<rect width="640" height="410" fill="#fff"/>
<text x="${BOX.left}" y="22" class="name">Sets of ten for ${queries} held-out queries: up and to the right is better</text>
${grid.join('\n')}
${dots.join('\n')}
<text x="${BOX.left + BOX.width / 2}" y="${bottom + 42}" text-anchor="middle">${X.label}</text>
<text transform="translate(22 ${BOX.top + BOX.height / 2}) rotate(-90)" text-anchor="middle">${Y.label}</text>
</svg>
`,
);
console.log('wrote docs/quickstart.svg');
