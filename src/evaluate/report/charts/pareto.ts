import type { EvaluationResults, Metric } from '../../results.js';
import { figure } from '../figures.js';
import type { Markup } from '../markup.js';
import { METHOD_INFO, methodsOf, metricInfo, metricsOfMethod } from '../names.js';
import { linearScale } from './scale.js';
import { type ScatterPoint, scatter } from './scatter.js';

export interface ParetoOptions {
  readonly encoder: 'own' | 'heldout';
  readonly width: number;
  readonly height: number;
}

/** Alignment against diversity of every method's items with 95% intervals; undefined where fewer than two have both. */
export function paretoChart(
  results: EvaluationResults,
  { encoder, width, height }: ParetoOptions,
): Markup | undefined {
  const [xMetric, yMetric]: Metric[] =
    encoder === 'own' ? ['diversity', 'alignment'] : ['diversityHeldout', 'alignmentHeldout'];
  const points = methodsOf(results).flatMap((method): ScatterPoint[] => {
    const { [xMetric]: x, [yMetric]: y } = metricsOfMethod(results, method);
    if (x === undefined || y === undefined) return [];
    return [
      {
        method,
        label: METHOD_INFO[method].short,
        title: `${METHOD_INFO[method].name}: diversity ${figure(x.mean)}, alignment ${figure(y.mean)}`,
        x: x.mean,
        y: y.mean,
        xInterval: [x.low, x.high],
        yInterval: [y.low, y.high],
      },
    ];
  });
  if (points.length < 2) return undefined;
  const ticks = { ticks: width > 500 ? 6 : 4 };
  return scatter({
    title: `Alignment against diversity of ${points.length} methods`,
    xLabel: `${metricInfo(xMetric).name} of the items →`,
    yLabel: `↑ ${metricInfo(yMetric).name} with the query`,
    x: linearScale(
      points.flatMap(({ xInterval }) => [...xInterval!]),
      ticks,
    ),
    y: linearScale(
      points.flatMap(({ yInterval }) => [...yInterval!]),
      ticks,
    ),
    points,
    lines: [{ className: 'frontier', points: frontier(points.map(({ x, y }) => [x, y] as const)) }],
    width,
    height,
  });
}

/** The points that no other beats in both figures, from left to right. */
export function frontier(
  points: readonly (readonly [x: number, y: number])[],
): (readonly [number, number])[] {
  const fromRight = [...points].sort((a, b) => b[0] - a[0] || b[1] - a[1]);
  let highest = Number.NEGATIVE_INFINITY;
  const kept = fromRight.filter(([, y]) => {
    if (y <= highest) return false;
    highest = y;
    return true;
  });
  return kept.reverse();
}
