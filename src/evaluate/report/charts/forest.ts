import type { EvaluationResults, Metric } from '../../results.js';
import { figure, interval } from '../figures.js';
import { html, type Markup } from '../markup.js';
import { METHOD_INFO, methodsOf, metricName, metricsOfMethod, shown } from '../names.js';
import { mark, round } from './marks.js';
import { linearScale } from './scale.js';

const ROW = 27;

/** The metric of every method as a dot with its interval, and a tick for each seed; undefined where no method has it. */
export function forestChart(
  results: EvaluationResults,
  { metric, width }: { readonly metric: Metric; readonly width: number },
): Markup | undefined {
  const rows = methodsOf(results).flatMap((method) => {
    const estimate = shown(method, metricsOfMethod(results, method), metric);
    const seeds = shown(method, results.methods[method]?.perSeed ?? {}, metric) ?? [];
    return estimate === undefined ? [] : [{ method, estimate, seeds: seeds.length > 1 ? seeds : [] }];
  });
  if (rows.length === 0) return undefined;
  const x = linearScale(
    rows.flatMap(({ estimate: { low, high }, seeds }) => [low, high, ...seeds]),
    { ticks: width > 500 ? 7 : 3 },
  );
  const box = { left: width > 500 ? 168 : 122, right: width - 56, top: 6 };
  const bottom = box.top + rows.length * ROW;
  const px = (value: number) => round(box.left + x.at(value) * (box.right - box.left));
  const center = (i: number) => box.top + (i + 0.5) * ROW;
  const plain = rows.find(({ method }) => method === 'plain');
  return html`<svg class="chart" viewBox="0 0 ${width} ${bottom + 40}" role="img" aria-label="${metricName(metric, results)} of ${rows.length} methods with 95% intervals">
<g class="grid">${x.ticks.map((t) => html`<path d="M${px(t)} ${box.top}V${bottom}"/>`)}</g>
<g class="ticks">${x.ticks.map((t) => html`<text x="${px(t)}" y="${bottom + 16}" text-anchor="middle">${x.format(t)}</text>`)}</g>
${plain && html`<path class="reference" d="M${px(plain.estimate.mean)} ${box.top}V${bottom}"/>`}
${rows.map(
  (
    { method, estimate, seeds },
    i,
  ) => html`<g class="${METHOD_INFO[method].family}"><title>${METHOD_INFO[method].name}: ${figure(estimate.mean)} ${interval(estimate)}</title>
<text class="label" x="${box.left - 12}" y="${center(i) + 4}" text-anchor="end">${width > 500 ? METHOD_INFO[method].name : METHOD_INFO[method].short}</text>
<path class="interval" d="M${px(estimate.low)} ${center(i)}H${px(estimate.high)}"/>
${seeds.map((value) => html`<path class="seed" d="M${px(value)} ${center(i) - 9}v18"/>`)}
${mark(method, px(estimate.mean), center(i))}
<text class="value" x="${width - 4}" y="${center(i) + 4}" text-anchor="end">${figure(estimate.mean)}</text></g>`,
)}
<text class="axis" x="${box.right}" y="${bottom + 34}" text-anchor="end">${metricName(metric, results)} →</text>
</svg>`;
}
