import type { MethodName } from '../../results.js';
import { html, type Markup } from '../markup.js';
import { METHOD_INFO } from '../names.js';
import { placeLabels, type Segment, textWidth } from './labels.js';
import { mark, round } from './marks.js';
import type { Scale } from './scale.js';

export interface ScatterPoint {
  readonly method: MethodName;
  readonly label: string;
  /** What a pointer at rest shows. */
  readonly title: string;
  readonly x: number;
  readonly y: number;
  readonly xInterval?: readonly [low: number, high: number];
  readonly yInterval?: readonly [low: number, high: number];
  /** A lesser point: one step count of many. */
  readonly small?: boolean;
}

export interface ScatterOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly x: Scale;
  readonly y: Scale;
  readonly points: readonly ScatterPoint[];
  /** Lines behind the points, in figures. */
  readonly lines?: readonly {
    readonly className: string;
    readonly points: readonly (readonly [number, number])[];
  }[];
  readonly width: number;
  readonly height: number;
}

const FONT = 12.5;

/** Points with labels that do not overlap, as an SVG picture of `width` x `height`. */
export function scatter({
  title,
  xLabel,
  yLabel,
  x,
  y,
  points,
  lines = [],
  width,
  height,
}: ScatterOptions): Markup {
  const box = { left: 44, top: 30, right: width - 14, bottom: height - 42 };
  const px = (value: number) => round(box.left + x.at(value) * (box.right - box.left));
  const py = (value: number) => round(box.bottom - y.at(value) * (box.bottom - box.top));
  const anchors = points.map((point) => ({
    x: px(point.x),
    y: py(point.y),
    width: textWidth(point.label, FONT),
    height: FONT + 2,
  }));
  const bounds = {
    x: box.left + 2,
    y: box.top,
    width: box.right + 10 - box.left,
    height: box.bottom - box.top - 2,
  };
  const drawn = [
    ...lines.map((line) => line.points),
    ...points.flatMap(({ x: a, y: b, xInterval, yInterval }) => [
      ...(xInterval ? [xInterval.map((end) => [end, b] as const)] : []),
      ...(yInterval ? [yInterval.map((end) => [a, end] as const)] : []),
    ]),
  ].flatMap((line) =>
    line.slice(1).map(([a, b], i): Segment => [px(line[i][0]), py(line[i][1]), px(a), py(b)]),
  );
  const labels = placeLabels(anchors, bounds, drawn);
  return html`<svg class="chart scatter" viewBox="0 0 ${width} ${height}" role="img" aria-label="${title}">
<g class="grid">${x.ticks.map((t) => html`<path d="M${px(t)} ${box.top}V${box.bottom}"/>`)}${y.ticks.map((t) => html`<path d="M${box.left} ${py(t)}H${box.right}"/>`)}</g>
<g class="ticks">${x.ticks.map((t) => html`<text x="${px(t)}" y="${box.bottom + 16}" text-anchor="middle">${x.format(t)}</text>`)}${y.ticks.map((t) => html`<text x="${box.left - 7}" y="${py(t) + 4}" text-anchor="end">${y.format(t)}</text>`)}</g>
<text class="axis" x="${box.left - 34}" y="14">${yLabel}</text>
<text class="axis" x="${box.right}" y="${height - 8}" text-anchor="end">${xLabel}</text>
${lines.map(({ className, points: path }) => html`<polyline class="${className}" points="${path.map(([a, b]) => `${px(a)},${py(b)}`).join(' ')}"/>`)}
${points.map(
  ({ method, x: a, y: b, xInterval, yInterval }) =>
    html`<g class="whisker ${METHOD_INFO[method].family}">${xInterval && html`<path d="M${px(xInterval[0])} ${py(b)}H${px(xInterval[1])}"/>`}${yInterval && html`<path d="M${px(a)} ${py(yInterval[0])}V${py(yInterval[1])}"/>`}</g>`,
)}
${labels.map((label, i) => label.far && html`<path class="leader" d="M${anchors[i].x} ${anchors[i].y}L${round(clampTo(anchors[i].x, label.x, label.width))} ${round(clampTo(anchors[i].y, label.y, label.height))}"/>`)}
${points.map((point, i) => html`<g><title>${point.title}</title>${mark(point.method, anchors[i].x, anchors[i].y, point.small ? 3.2 : 5.5)}</g>`)}
${labels.map(({ x: left, y: top, width: w }, i) => html`<text class="label${points[i].small && ' small'}" x="${round(left + w / 2)}" y="${round(top + FONT - 1)}" text-anchor="middle">${points[i].label}</text>`)}
</svg>`;
}

/** The nearest place to `value` on a side of a box. */
function clampTo(value: number, start: number, length: number): number {
  return Math.min(Math.max(value, start), start + length);
}
