import type { EvaluationResults, MethodName, Metric, ReportData } from '../../results.js';
import { forestChart } from '../charts/forest.js';
import { markIcon } from '../charts/marks.js';
import { interval, milliseconds, pValue, signed } from '../figures.js';
import { html, type Markup } from '../markup.js';
import {
  bestMethod,
  METHOD_INFO,
  mainMetric,
  methodsOf,
  metricFigure,
  metricInfo,
  metricsOf,
  metricsOfMethod,
  shown,
} from '../names.js';
import type { Section } from './section.js';

/** The tables: all methods, the same under the held-out encoder, and the spread over seeds. */
export function resultsSection({ results }: ReportData): Section {
  const metric = mainMetric(results.task);
  const heldout = metricsOf(results, 'heldout');
  const seeds = seedTable(results);
  const forest = wideAndNarrow((width) => forestChart(results, { metric, width }));
  return {
    id: 'results',
    title: 'Results',
    short: 'Results',
    body: html`<p class="lead">Means over test queries and seeds, the 95% bootstrap interval over queries below; the best of a column is bold. A dash: the method has no such figure. Click a heading to sort.</p>
${resultsTable(results, metricsOf(results, 'own'), 'Results of every method')}
${
  forest &&
  html`<figure class="picture"><figcaption>${metricInfo(metric).name}: mean and 95% interval over queries${results.seeds.length > 1 && '; each seed as a tick'}${results.methods.plain?.metrics[metric] !== undefined && '; dashed: plain search'}</figcaption>
${forest}</figure>`
}
${
  heldout.length > 0 &&
  html`<h3>Under an encoder the reward never saw</h3>
<p class="lead">The same sets, measured by <span dir="auto">${results.heldoutEncoder ?? 'a second encoder'}</span>. A method that only looks good to the encoder it was rewarded by falls back here.</p>
${resultsTable(results, heldout, 'Results under the held-out encoder')}`
}
${seeds && html`<details><summary>Spread over seeds</summary>${seeds}</details>`}
<details><summary>Methods and metrics</summary><dl class="glossary">${methodsOf(results).map((name) => html`<dt>${markIcon(name)}${METHOD_INFO[name].name}</dt><dd>${METHOD_INFO[name].about}</dd>`)}${metricsOf(results, 'own').map((name) => html`<dt>${metricInfo(name).name}</dt><dd>${metricInfo(name).about}</dd>`)}</dl></details>`,
  };
}

function resultsTable(results: EvaluationResults, metrics: readonly Metric[], label: string): Markup {
  const methods = methodsOf(results);
  const best = new Map(metrics.map((metric) => [metric, bestMethod(results, metric)]));
  const baselines = new Set(
    methods.flatMap((name) => results.methods[name]?.againstBestBaseline?.baseline ?? []),
  );
  const versus = baselines.size > 0 && metrics.includes(mainMetric(results.task));
  const only = baselines.size === 1 ? METHOD_INFO[[...baselines][0]].short : undefined;
  return scrollable(
    label,
    html`<table><thead><tr>${heading('Method', 'In the order of the pipeline', 'ascending')}${metrics.map((metric) => heading(metricInfo(metric).name, metricInfo(metric).about))}${versus && heading(`vs ${only ?? 'best'}`, `Against the best baseline: paired difference in ${metricInfo(mainMetric(results.task)).name}, permutation test`)}${heading('ms/query', 'Median, from the text of the query to its items', 'ascending')}</tr></thead>
<tbody>${methods.map(
      (name, i) =>
        html`<tr>${methodCell(name, i)}${metrics.map((metric) => estimateCell(results, name, metric, best.get(metric) === name))}${versus && versusCell(results, name, only === undefined)}<td data-value="${results.methods[name]!.msPerQuery}">${milliseconds(results.methods[name]!.msPerQuery)}</td></tr>`,
    )}</tbody></table>`,
  );
}

function heading(title: string, about: string, first: 'ascending' | 'descending' = 'descending'): Markup {
  return html`<th scope="col" data-first="${first}"><button type="button" title="${about}">${title}</button></th>`;
}

export function methodCell(name: MethodName, order: number): Markup {
  return html`<th scope="row" data-value="${order}"><span class="method">${markIcon(name)}${METHOD_INFO[name].name}</span></th>`;
}

function estimateCell(results: EvaluationResults, name: MethodName, metric: Metric, best: boolean): Markup {
  const estimate = shown(name, metricsOfMethod(results, name), metric);
  if (estimate === undefined) return html`<td class="none">–</td>`;
  const format = metricFigure(metric);
  return html`<td data-value="${estimate.mean}"${best && html` class="best"`}>${format(estimate.mean)}<small>${format(estimate.low)}${estimate.low < 0 ? ' to ' : '–'}${format(estimate.high)}</small></td>`;
}

function versusCell(results: EvaluationResults, name: MethodName, named: boolean): Markup {
  const comparison = results.methods[name]?.againstBestBaseline;
  if (comparison === undefined) return html`<td class="none">–</td>`;
  const { mean, baseline } = comparison;
  return html`<td data-value="${mean}" title="${interval(comparison, signed)}">${signed(mean)}<small>p ${pValue(comparison.pValue)}${named && `, ${METHOD_INFO[baseline].short}`}</small></td>`;
}

function seedTable(results: EvaluationResults): Markup | undefined {
  const methods = methodsOf(results).filter((name) =>
    Object.values(results.methods[name]?.perSeed ?? {}).some((values) => values.length > 1),
  );
  if (methods.length === 0) return undefined;
  const metrics = metricsOf(results, 'own');
  const values = (name: MethodName, metric: Metric) =>
    shown(name, results.methods[name]?.perSeed ?? {}, metric)
      ?.map(metricFigure(metric))
      .join(' · ') ?? '–';
  return scrollable(
    'Mean of each seed',
    html`<table><thead><tr><th scope="col">Seeds ${results.seeds.join(' · ')}</th>${metrics.map((metric) => html`<th scope="col">${metricInfo(metric).name}</th>`)}</tr></thead>
<tbody>${methods.map((name, i) => html`<tr>${methodCell(name, i)}${metrics.map((metric) => html`<td>${values(name, metric)}</td>`)}</tr>`)}</tbody></table>`,
  );
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
