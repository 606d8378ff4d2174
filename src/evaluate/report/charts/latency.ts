import type { Metric, ReportData } from '../../results.js';
import { figure, milliseconds, plural } from '../figures.js';
import type { Markup } from '../markup.js';
import { METHOD_INFO, methodsOf, metricName, metricsOfMethod, shown } from '../names.js';
import { linearScale, logScale } from './scale.js';
import { type ScatterPoint, scatter } from './scatter.js';

export interface LatencyOptions {
  readonly metric: Metric;
  readonly width: number;
  readonly height: number;
}

/** Quality against milliseconds a query, with the diffusion at several step counts; undefined for fewer than two points. */
export function latencyChart(
  { results, steps }: Pick<ReportData, 'results' | 'steps'>,
  { metric, width, height }: LatencyOptions,
): Markup | undefined {
  const name = metricName(metric, results);
  const methods = methodsOf(results).flatMap((method): ScatterPoint[] => {
    const estimate = shown(method, metricsOfMethod(results, method), metric);
    const ms = results.methods[method]!.msPerQuery;
    if (estimate === undefined || !(ms > 0)) return [];
    return [
      {
        method,
        label: METHOD_INFO[method].short,
        title: `${METHOD_INFO[method].name}: ${name} ${figure(estimate.mean)}, ${milliseconds(ms)} ms a query`,
        x: ms,
        y: estimate.mean,
        yInterval: [estimate.low, estimate.high],
      },
    ];
  });
  const stepped = [...steps]
    .sort((a, b) => a.steps - b.steps)
    .flatMap(({ steps: count, msPerQuery, metrics }): ScatterPoint[] => {
      const value = metrics[metric];
      if (value === undefined || !(msPerQuery > 0)) return [];
      return [
        {
          method: 'diffusion',
          label: String(count),
          title: `Diffusion, ${plural(count, 'step')}: ${name} ${figure(value)}, ${milliseconds(msPerQuery)} ms a query`,
          x: msPerQuery,
          y: value,
          small: true,
        },
      ];
    });
  const points = [...methods, ...stepped];
  if (points.length < 2) return undefined;
  const times = points.map(({ x }) => x);
  return scatter({
    title: `${name} against milliseconds a query of ${methods.length} methods`,
    xLabel: 'milliseconds a query, log scale',
    yLabel: `↑ ${name}`,
    x: logScale([Math.min(...times) / 1.5, Math.max(...times) * 1.5]),
    y: linearScale(points.flatMap(({ y, yInterval }) => [y, ...(yInterval ?? [])])),
    points,
    lines: [{ className: 'step-line', points: stepped.map(({ x, y }) => [x, y]) }],
    width,
    height,
  });
}
