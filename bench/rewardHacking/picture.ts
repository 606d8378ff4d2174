/** The curves of several trainings as one self-contained SVG: a panel a figure, a line a training. */
import { round } from '../../src/evaluate/report/charts/marks.js';
import { linearScale } from '../../src/evaluate/report/charts/scale.js';
import { html, type Markup } from '../../src/evaluate/report/markup.js';

/** Means over validation queries after so many steps. */
export interface Figures {
  readonly step: number;
  /** What the training's own reward says. */
  readonly reward: number;
  readonly precision: number;
  readonly alphaNdcg: number;
  readonly vendi: number;
  readonly alignment: number;
}

interface Training {
  readonly name: string;
  readonly points: readonly Figures[];
}

const PANELS: Readonly<Record<Exclude<keyof Figures, 'step'>, string>> = {
  reward: 'The own reward',
  precision: 'P@k',
  alphaNdcg: 'alpha-nDCG@k',
  vendi: 'Vendi score of the items',
  alignment: 'Cosine of the items to the query',
};
/** Okabe and Ito's colours, with a dash for whoever does not see them. */
const LINES = [
  { colour: '#d55e00', dash: '' },
  { colour: '#cc79a7', dash: '7 3' },
  { colour: '#0072b2', dash: '' },
  { colour: '#56b4e9', dash: '7 3' },
  { colour: '#009e73', dash: '2 2' },
  { colour: '#0072b2', dash: '2 3' },
];
const COLUMNS = 3;
const [WIDTH, HEIGHT] = [310, 210];
const LEGEND = 64;

export function picture(trainings: readonly Training[]): Markup {
  const names = Object.keys(PANELS) as (keyof typeof PANELS)[];
  const width = COLUMNS * WIDTH;
  const height = LEGEND + Math.ceil(names.length / COLUMNS) * HEIGHT;
  const place = (i: number, dx: number, dy: number) =>
    `${(i % COLUMNS) * dx} ${Math.floor(i / COLUMNS) * dy}`;
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="12" fill="#555" role="img" aria-label="Training curves by reward">
<rect width="${width}" height="${height}" fill="#fff"/>
${trainings.map(({ name }, i) => html`<g transform="translate(${place(i, WIDTH, 24)})"><path d="M14 18H46" ${stroke(i)}/><text x="54" y="22" font-size="13" fill="#111">${name}</text></g>`)}
${names.map((name, i) => html`<g transform="translate(${place(i, WIDTH, HEIGHT)})"><g transform="translate(0 ${LEGEND})">${panel(name, trainings)}</g></g>`)}
</svg>`;
}

function panel(name: keyof typeof PANELS, trainings: readonly Training[]): Markup {
  const lines = trainings.map(({ points }) => points.map((point) => [point.step, point[name]] as const));
  const y = linearScale(
    lines.flatMap((points) => points.map(([, value]) => value)),
    { ticks: 4 },
  );
  const last = Math.max(...lines.flatMap((points) => points.map(([step]) => step)));
  const box = { left: 46, top: 26, right: WIDTH - 14, bottom: HEIGHT - 26 };
  const px = (step: number) => round(box.left + (step / last) * (box.right - box.left));
  const py = (value: number) => round(box.bottom - y.at(value) * (box.bottom - box.top));
  return html`<text x="${box.left}" y="14" font-size="13" fill="#111">${PANELS[name]}</text>
${y.ticks.map((t) => html`<path d="M${box.left} ${py(t)}H${box.right}" stroke="#e2e4e8"/><text x="${box.left - 6}" y="${py(t) + 4}" text-anchor="end">${y.format(t)}</text>`)}
<text x="${box.left}" y="${HEIGHT - 8}">0</text><text x="${box.right}" y="${HEIGHT - 8}" text-anchor="end">step ${last}</text>
${lines.map((points, i) => html`<polyline points="${points.map(([step, value]) => `${px(step)},${py(value)}`).join(' ')}" ${stroke(i)}/>`)}
`;
}

function stroke(i: number): Markup {
  const { colour, dash } = LINES[i % LINES.length];
  return html`fill="none" stroke="${colour}" stroke-width="1.8" stroke-linejoin="round" stroke-dasharray="${dash || 'none'}"`;
}
