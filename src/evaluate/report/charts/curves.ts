import type { ReportedCurve } from '../../results.js';
import { html, type Markup } from '../markup.js';
import { round } from './marks.js';
import { extent, linearScale, logScale } from './scale.js';

/** Points a line is drawn with; longer logs are averaged over equal stretches of steps. */
const POINTS = 80;
const NAMES: Readonly<Record<string, string>> = {
  reward: 'Reward',
  kl: 'KL to the last policy',
  entropy: 'Entropy, nats a token',
  duplicateShare: 'Repeated sub-queries',
  loss: 'Loss',
};

export interface Panel {
  readonly name: string;
  readonly title: string;
  /** First and last step of any line. */
  readonly steps: readonly [first: number, last: number];
  /** One line a training, `[step, value]`. */
  readonly lines: readonly {
    readonly seed: number;
    readonly points: readonly (readonly [number, number])[];
  }[];
}

/**
 * What a stage logged, as one panel a name: the reward, then its components (names which also have a `.raw` figure),
 * then what tells of a collapse, then the loss.
 */
export function curvePanels(curves: readonly ReportedCurve[], stage: ReportedCurve['stage']): Panel[] {
  const own = curves.filter((curve) => curve.stage === stage).sort((a, b) => a.seed - b.seed);
  const logged = new Set(own.flatMap(({ points }) => points.flatMap(Object.keys)));
  const components = [...logged].filter((name) => logged.has(`${name}.raw`));
  return ['reward', ...components, 'kl', 'entropy', 'duplicateShare', 'loss']
    .filter((name) => logged.has(name))
    .map((name) => {
      const lines = own
        .map(({ seed, points }) => ({
          seed,
          points: points.flatMap((point, i) =>
            name in point ? [[point.step ?? i, point[name]] as const] : [],
          ),
        }))
        .filter(({ points }) => points.length > 0);
      return {
        name,
        title: NAMES[name] ?? name.charAt(0).toUpperCase() + name.slice(1),
        steps: extent(lines.flatMap(({ points }) => points.map(([step]) => step))),
        lines: lines.map(({ seed, points }) => ({ seed, points: averaged(points) })),
      };
    });
}

/** At most {@link POINTS} points, each the mean of an equal stretch of steps. */
export function averaged(
  points: readonly (readonly [number, number])[],
): readonly (readonly [number, number])[] {
  if (points.length <= POINTS) return points;
  return Array.from({ length: POINTS }, (_, i) => {
    const part = points.slice(
      Math.floor((i * points.length) / POINTS),
      Math.floor(((i + 1) * points.length) / POINTS),
    );
    const mean = (axis: 0 | 1) => part.reduce((total, point) => total + point[axis], 0) / part.length;
    return [mean(0), mean(1)] as const;
  });
}

/** The last value of a panel, averaged over the seeds. */
export function lastValue({ lines }: Panel): number {
  return lines.reduce((total, { points }) => total + points[points.length - 1][1], 0) / lines.length;
}

/** Looks of the lines, repeated when there are more seeds. */
export const SEED_STYLES = 4;

/** A small line chart, one line a seed; a loss that falls far is drawn on a logarithmic axis. */
export function curveChart(panel: Panel, { width = 270, height = 150 } = {}): Markup {
  const all = panel.lines.flatMap(({ points }) => points);
  const values = all.map(([, value]) => value);
  const [low, high] = extent(values);
  const logarithmic = panel.name === 'loss' && low > 0 && high / low > 10;
  const y = logarithmic ? logScale([low / 1.1, high * 1.1]) : linearScale(values, { ticks: 3 });
  const [first, last] = panel.steps;
  const box = { left: 40, top: 8, right: width - 10, bottom: height - 20 };
  const px = (step: number) =>
    round(box.left + ((step - first) / (last - first || 1)) * (box.right - box.left));
  const py = (value: number) => round(box.bottom - y.at(value) * (box.bottom - box.top));
  return html`<svg class="chart" viewBox="0 0 ${width} ${height}" role="img" aria-label="${panel.title} by training step${logarithmic && ', log scale'}">
<g class="grid">${y.ticks.map((t) => html`<path d="M${box.left} ${py(t)}H${box.right}"/>`)}</g>
<g class="ticks">${y.ticks.map((t) => html`<text x="${box.left - 6}" y="${py(t) + 4}" text-anchor="end">${y.format(t)}</text>`)}
<text x="${box.left}" y="${height - 4}">${first}</text><text x="${box.right}" y="${height - 4}" text-anchor="end">step ${last.toLocaleString('en-US')}</text></g>
${panel.lines.map(({ seed, points }, i) => html`<polyline class="curve c${i % SEED_STYLES}" points="${points.map(([step, value]) => `${px(step)},${py(value)}`).join(' ')}"><title>seed ${seed}</title></polyline>`)}
</svg>`;
}
