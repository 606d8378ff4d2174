import type { EvaluationResults, Metric, ReportData } from '../../results.js';
import { forestChart } from '../charts/forest.js';
import { markIcon } from '../charts/marks.js';
import { html, type Markup } from '../markup.js';
import {
  JUDGED_METRIC,
  judgedBy,
  MAIN_METRIC,
  METHOD_INFO,
  methodsOf,
  metricInfo,
  metricName,
  metricsOf,
} from '../names.js';
import type { Section } from './section.js';
import { resultsTable, seedTable, wideAndNarrow } from './table.js';

/** What people's labels say of every method; absent where there are none. */
export function resultsSection({ results }: ReportData): Section | undefined {
  const metrics = metricsOf(results, 'labels');
  if (metrics.length === 0) return undefined;
  const { chosen } = results;
  return {
    id: 'results',
    title: 'By labels',
    short: 'By labels',
    body: html`<p class="lead">Right is what is in a query's reference set. Means over test queries and seeds, the 95% bootstrap interval over queries below (of some metrics when a pointer rests on the figure); the best of a column is bold.${chosen !== undefined && ` Chosen: the method that was best on the validation queries.`} A dash: the method has no such figure. Click a heading to sort.</p>
${resultsTable(results, metrics, 'Every method by labels')}
${forestFigure(results, MAIN_METRIC)}
${seedTable(results, metrics)}
<details><summary>Methods and metrics</summary>${glossary(results, metrics)}</details>`,
  };
}

/** What the run's judge says of every method; absent where people's labels do. */
export function judgeSection({ results }: ReportData): Section | undefined {
  const metrics = metricsOf(results, 'judge');
  if (metrics.length === 0) return undefined;
  return {
    id: 'judge',
    title: 'By the judge',
    short: 'By the judge',
    body: html`<p class="lead">${judgedBy(results)} Means over test queries and seeds, the 95% bootstrap interval over queries below; the best is bold. Click a heading to sort.</p>
${resultsTable(results, metrics, 'Every method by the judge')}
${forestFigure(results, JUDGED_METRIC)}
${seedTable(results, metrics)}
<details><summary>Methods and metrics</summary>${glossary(results, metrics)}</details>`,
  };
}

/** Every method's mean and interval as a picture. */
export function forestFigure(results: EvaluationResults, metric: Metric): Markup | undefined {
  const forest = wideAndNarrow((width) => forestChart(results, { metric, width }));
  return (
    forest &&
    html`<figure class="picture"><figcaption>${metricName(metric, results)}: mean and 95% interval over queries${results.seeds.length > 1 && '; each seed as a tick'}${results.methods.plain?.metrics[metric] !== undefined && '; dashed: plain search'}</figcaption>
${forest}</figure>`
  );
}

/** What the methods do and the metrics mean. */
export function glossary(results: EvaluationResults, metrics: readonly Metric[]): Markup {
  return html`<dl class="glossary">${methodsOf(results).map((name) => html`<dt>${markIcon(name)}${METHOD_INFO[name].name}</dt><dd>${METHOD_INFO[name].about}</dd>`)}${metrics.map((name) => html`<dt>${metricName(name, results)}</dt><dd>${metricInfo(name).about}</dd>`)}</dl>`;
}
