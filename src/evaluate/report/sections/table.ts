/** Tables of methods and metrics, and how tables and pictures fit a narrow screen. */

import { qualityName } from '../../../choose/qualityMetric.js';
import type { PairedComparison } from '../../bootstrap.js';
import type { EvaluationResults, MethodName, Metric } from '../../results.js';
import { markIcon } from '../charts/marks.js';
import { figure, interval, milliseconds, pValue, signed } from '../figures.js';
import { html, type Markup } from '../markup.js';
import {
  bestBaseline,
  bestMethod,
  isJudged,
  MAIN_METRIC,
  METHOD_INFO,
  mainMetric,
  methodsOf,
  metricFigure,
  metricInfo,
  metricName,
  metricsOfMethod,
  shown,
} from '../names.js';

/** More columns than these must be narrow, so that a desktop shows the comparisons without scrolling. */
const DENSE = 6;
/** Of these the interval is shown when a pointer rests on the figure. */
const SECONDARY: readonly Metric[] = ['hitAtK', 'ndcgAtK', 'averagePrecisionAtK', 'hitAtB'];

/** All methods by these metrics; beside the main metric its figure on validation queries and the paired comparisons. */
export function resultsTable(results: EvaluationResults, metrics: readonly Metric[], label: string): Markup {
  const methods = methodsOf(results);
  const best = new Map(metrics.map((metric) => [metric, bestMethod(results, metric)]));
  const told = results.labelled > 0 || isJudged(results);
  const beside = told && metrics.includes(mainMetric(results)) ? besideMain(results) : [];
  return scrollable(
    label,
    html`<table${metrics.length > DENSE && html` class="dense"`}><thead><tr>${heading('Method', 'In the order of the pipeline', 'ascending')}${metrics.map((metric) => heading(metricName(metric, results), metricInfo(metric).about))}${beside.map(({ title, about }) => heading(title, about))}${heading('ms/query', 'Median, from the text of the query to its items', 'ascending')}</tr></thead>
<tbody>${methods.map(
      (name, i) =>
        html`<tr>${methodCell(name, i, name === results.chosen)}${metrics.map((metric) => estimateCell(results, name, metric, best.get(metric) === name))}${beside.map(({ cell }) => cell(name))}<td data-value="${results.methods[name]!.msPerQuery}">${milliseconds(results.methods[name]!.msPerQuery)}</td></tr>`,
    )}</tbody></table>`,
  );
}

interface Beside {
  readonly title: string;
  readonly about: string;
  readonly cell: (name: MethodName) => Markup;
}

/** What no metric is, and belongs to the main one. */
function besideMain(results: EvaluationResults): Beside[] {
  const { methods } = results;
  const main = metricName(MAIN_METRIC, results);
  const baseline = bestBaseline(results);
  const has = (key: 'validation' | 'againstPlain') => methodsOf(results).some((name) => methods[name]?.[key]);
  const against = (rival: MethodName, of: (name: MethodName) => PairedComparison | undefined): Beside => ({
    title: `vs ${METHOD_INFO[rival].short}`,
    about: `Paired difference in ${main} to ${METHOD_INFO[rival].name}, permutation test`,
    cell: (name) => comparisonCell(of(name)),
  });
  return [
    ...(has('validation')
      ? [
          {
            title: 'validation',
            about: `Mean ${qualityName(results.validated?.metric ?? MAIN_METRIC, results.k)} on the validation queries, by which the method is chosen`,
            cell: (name: MethodName) => meanCell(methods[name]?.validation),
          },
        ]
      : []),
    ...(has('againstPlain') ? [against('plain', (name) => methods[name]?.againstPlain)] : []),
    ...(baseline !== undefined && baseline !== 'plain'
      ? [against(baseline, (name) => methods[name]?.againstBestBaseline)]
      : []),
  ];
}

function heading(title: string, about: string, first: 'ascending' | 'descending' = 'descending'): Markup {
  return html`<th scope="col" data-first="${first}"><button type="button" title="${about}">${title}</button></th>`;
}

function methodCell(name: MethodName, order: number, chosen: boolean): Markup {
  return html`<th scope="row" data-value="${order}"><span class="method">${markIcon(name)}${METHOD_INFO[name].name}</span>${chosen && html`<span class="badge" title="Best on the validation queries">chosen</span>`}</th>`;
}

function estimateCell(results: EvaluationResults, name: MethodName, metric: Metric, best: boolean): Markup {
  const estimate = shown(name, metricsOfMethod(results, name), metric);
  if (estimate === undefined) return NONE;
  const format = metricFigure(metric);
  const range = `${format(estimate.low)}${estimate.low < 0 ? ' to ' : '–'}${format(estimate.high)}`;
  const open = !SECONDARY.includes(metric);
  return html`<td data-value="${estimate.mean}"${best && html` class="best"`}${!open && html` title="${range}"`}>${format(estimate.mean)}${open && html`<small>${range}</small>`}</td>`;
}

function meanCell(mean: number | undefined): Markup {
  return mean === undefined ? NONE : html`<td data-value="${mean}">${figure(mean)}</td>`;
}

function comparisonCell(comparison: PairedComparison | undefined): Markup {
  if (comparison === undefined) return NONE;
  const { mean } = comparison;
  return html`<td data-value="${mean}" title="95% interval ${interval(comparison, signed)}">${signed(mean)}<small>p ${pValue(comparison.pValue)}</small></td>`;
}

const NONE = html`<td class="none">–</td>`;

/** The mean of each seed, where there are several. */
export function seedTable(results: EvaluationResults, metrics: readonly Metric[]): Markup | undefined {
  const values = (name: MethodName, metric: Metric) =>
    shown(name, results.methods[name]?.perSeed ?? {}, metric);
  const methods = methodsOf(results).filter((name) =>
    metrics.some((metric) => (values(name, metric) ?? []).length > 1),
  );
  if (methods.length === 0) return undefined;
  return html`<details><summary>Spread over seeds</summary>${scrollable(
    'Mean of each seed',
    html`<table><thead><tr><th scope="col">Seeds ${results.seeds.join(' · ')}</th>${metrics.map((metric) => html`<th scope="col">${metricName(metric, results)}</th>`)}</tr></thead>
<tbody>${methods.map((name, i) => html`<tr>${methodCell(name, i, false)}${metrics.map((metric) => html`<td>${values(name, metric)?.map(metricFigure(metric)).join(' · ') ?? '–'}</td>`)}</tr>`)}</tbody></table>`,
  )}</details>`;
}

/** A table that scrolls by itself on a narrow screen, also by keyboard. */
export function scrollable(label: string, table: Markup): Markup {
  return html`<div class="scroll" role="region" aria-label="${label}" tabindex="0">${table}</div>`;
}

/** A picture twice, for a desktop and for a telephone: scaled down, its words would be too small to read. */
export function wideAndNarrow(draw: (width: number) => Markup | undefined): Markup | undefined {
  const [wide, narrow] = [draw(720), draw(350)];
  return wide && narrow && html`<div class="wide">${wide}</div><div class="narrow">${narrow}</div>`;
}
