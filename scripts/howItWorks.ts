/** Draws the pictures of docs/how-it-works.md: `npx jiti scripts/howItWorks.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CounterRandom } from '../src/random.js';

const [INK, MUTED, LINE, ACCENT, GOOD, GREY] = [
  '#171b23',
  '#596273',
  '#c9ced8',
  '#4f46e5',
  '#15803d',
  '#8a94a5',
];

const text = (x: number, y: number, words: string, more = '') =>
  `<text x="${x}" y="${y}" ${more}>${words.replaceAll('&', '&amp;')}</text>`;
const middle = (x: number, y: number, words: string, more = '') =>
  text(x, y, words, `text-anchor="middle" ${more}`);
const small = `fill="${MUTED}" font-size="12.5"`;
const bold = 'font-weight="600"';

/** On a light ground of its own, so that it can be read on a dark page too. */
function save(name: string, title: string, width: number, height: number, body: readonly string[]): void {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif" font-size="15" fill="${INK}">
<title>${title}</title>
<rect width="${width}" height="${height}" rx="12" fill="#fbfbfd"/>
${body.join('\n')}
</svg>
`;
  writeFileSync(fileURLToPath(new URL(`../docs/images/${name}.svg`, import.meta.url)), svg);
}

const box = (x: number, y: number, w: number, h: number, color: string, fill = '#fff') =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" rx="10" fill="${fill}" stroke="${color}" stroke-width="1.5"/>`;
const arrow = (x1: number, y1: number, x2: number, y2: number) => {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const tip = (turn: number) => `${x2 - 9 * Math.cos(angle + turn)} ${y2 - 9 * Math.sin(angle + turn)}`;
  return `<path d="M${x1} ${y1}L${x2} ${y2}M${tip(0.45)}L${x2} ${y2}L${tip(-0.45)}" fill="none" stroke="${MUTED}" stroke-width="1.8" stroke-linecap="round"/>`;
};
const star = (x: number, y: number) =>
  `<path d="${Array.from({ length: 10 }, (_, i) => {
    const r = i % 2 === 0 ? 10 : 4.2;
    const a = (Math.PI * i) / 5 - Math.PI / 2;
    return `${i === 0 ? 'M' : 'L'}${(x + r * Math.cos(a)).toFixed(1)} ${(y + r * Math.sin(a)).toFixed(1)}`;
  }).join('')}Z" fill="${INK}"/>`;

/** A catalog as dots, some of which are chosen. */
function plane(
  left: number,
  chosen: readonly (readonly [number, number, string, number])[],
  color: string,
): string[] {
  const random = new CounterRandom(7, 'plane');
  const dots = Array.from({ length: 150 }, () => {
    const [x, y] = [left + 20 + 360 * random.uniform(), 70 + 240 * random.uniform()];
    return `<circle cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="2.4" fill="${LINE}"/>`;
  });
  const items = chosen.map(
    ([x, y, name, side]) =>
      `<circle cx="${left + x}" cy="${y}" r="6" fill="${color}"/>${text(left + x + 11 * side, y + 5, name, `font-size="13" text-anchor="${side > 0 ? 'start' : 'end'}"`)}`,
  );
  return [...dots, ...items, star(left + 150, 180)];
}

save('how-sets', 'Search finds what is like the query; a set is what belongs together', 840, 350, [
  box(10, 10, 400, 330, LINE),
  box(430, 10, 400, 330, LINE),
  text(30, 42, 'Search: what is like “greek salad”', bold),
  text(450, 42, 'A set: what belongs to it', bold),
  ...plane(
    10,
    [
      [126, 150, 'Greek yoghurt', -1],
      [182, 148, 'Mixed salad leaves', 1],
      [190, 182, 'Caesar salad kit', 1],
      [118, 200, 'Potato salad', -1],
      [172, 216, 'Turkish coffee', 1],
    ],
    GREY,
  ),
  ...plane(
    430,
    [
      [70, 100, 'Feta', 1],
      [262, 96, 'Olive oil', 1],
      [300, 176, 'Cucumber', 1],
      [236, 264, 'Red onions', 1],
      [86, 274, 'Vine tomatoes', 1],
    ],
    GOOD,
  ),
]);

const step = (x: number, title: string, lines: readonly string[], color: string) => [
  box(x, 140, 180, 112, color),
  middle(x + 90, 170, title, bold),
  ...lines.map((line, i) => middle(x + 90, 194 + 19 * i, line, small)),
];
save('how-compile', 'Compiling: what you know becomes a small model', 840, 300, [
  ...(
    [
      ['sets people made', 20],
      ['a language model', 290],
      ['a reward of yours', 560],
    ] as const
  ).flatMap(([words, x]) => [box(x, 20, 250, 44, ACCENT, '#eceafe'), middle(x + 125, 48, words)]),
  `<path d="M20 72v8H810v-8" fill="none" stroke="${MUTED}" stroke-width="1.5"/>`,
  text(126, 112, 'what you know of good sets: any of these', small),
  arrow(110, 82, 110, 134),
  ...step(20, '1. Policy', ['learns to choose sets', 'that earn the reward', '(Soft-GRPO)'], LINE),
  arrow(204, 196, 226, 196),
  ...step(230, '2. Synthesis', ['makes many pairs:', 'a query and its set', ''], LINE),
  arrow(414, 196, 436, 196),
  ...step(440, '3. Set diffusion', ['a small model learns to', 'find the whole set', 'at once'], LINE),
  arrow(624, 196, 646, 196),
  ...step(650, '4. Choice', ['all methods compared on', 'validation queries;', 'the best one answers'], GOOD),
  middle(420, 284, 'once, on an ordinary machine: minutes', small),
]);

const stage = (x: number, w: number, title: string, line: string) => [
  box(x, 50, w, 78, LINE),
  middle(x + w / 2, 84, title, bold),
  middle(x + w / 2, 108, line, `fill="${MUTED}" font-size="12"`),
];
save('how-search', 'Searching: no language model', 840, 180, [
  ...stage(16, 150, '“greek salad”', 'what somebody types'),
  arrow(170, 89, 192, 89),
  ...stage(196, 150, 'Vector', 'encoder, in-process'),
  arrow(350, 89, 372, 89),
  ...stage(376, 190, 'Candidates', 'by words, vectors, sets'),
  arrow(570, 89, 592, 89),
  ...stage(596, 228, 'The set', 'k different items of your catalog'),
  middle(420, 162, 'milliseconds; no language model, no network', small),
]);
