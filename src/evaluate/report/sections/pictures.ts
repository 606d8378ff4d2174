import type { EvaluationResults, Metric, ReportData } from '../../results.js';
import { latencyChart } from '../charts/latency.js';
import { markClass, markIcon } from '../charts/marks.js';
import { html, type Markup } from '../markup.js';
import {
  type Family,
  isJudged,
  JUDGED_METRIC,
  MAIN_METRIC,
  METHOD_INFO,
  methodsOf,
  metricName,
} from '../names.js';
import type { Section } from './section.js';
import { wideAndNarrow } from './table.js';

const FAMILIES: Readonly<Record<Family, string>> = {
  search: 'search with the query alone',
  expansion: 'fan-out without a model',
  labels: 'from the training sets, in closed form',
  policy: 'language model',
  diffusion: 'set diffusion',
};

/** Quality against time. */
export function latencySection(data: ReportData): Section | undefined {
  const labelled = data.results.labelled > 0;
  const good = labelled || isJudged(data.results);
  const metrics: Metric[] = labelled
    ? [MAIN_METRIC, 'precisionAtK', 'sRecallAtK']
    : [JUDGED_METRIC, 'alignment', 'diversity'];
  const views = metrics.flatMap((metric) => {
    const picture = wideAndNarrow((width) =>
      latencyChart(data, { metric, width, height: width > 500 ? 440 : 420 }),
    );
    return picture === undefined ? [] : [{ label: metricName(metric, data.results), picture }];
  });
  if (views.length === 0) return undefined;
  return {
    id: 'latency',
    title: good ? 'Quality against latency' : 'Diagnostics against latency',
    short: 'Latency',
    body: html`<p class="lead">Median milliseconds a query, from its text to its items${good && '; up and to the left is better'}.${data.steps.length > 0 && ' Small diamonds: the diffusion at other numbers of denoising steps.'}</p>
${toggle('quality', views)}${legend(data.results)}`,
  };
}

/** One picture of several, chosen by radio buttons: the style sheet shows the one checked, no script needed. */
export function toggle(name: string, views: readonly { label: string; picture: Markup }[]): Markup {
  return html`<fieldset class="toggle"><legend class="unseen">Show</legend>
${views.map(({ label }, i) => html`<input type="radio" name="${name}" id="${name}-${i}"${i === 0 && html` checked`}><label for="${name}-${i}"${views.length === 1 && html` class="unseen"`} dir="auto">${label}</label>`)}
${views.map(({ picture }) => html`<figure class="picture view">${picture}</figure>`)}</fieldset>`;
}

/** The families of the pictures. */
export function legend(results: EvaluationResults): Markup {
  const methods = methodsOf(results);
  const families = (Object.keys(FAMILIES) as Family[]).flatMap((family) => {
    const first = methods.find(
      (name) => METHOD_INFO[name].family === family && !markClass(name).includes('compiled'),
    );
    const any = first ?? methods.find((name) => METHOD_INFO[name].family === family);
    return any === undefined ? [] : [{ family, any }];
  });
  return html`<ul class="legend">${families.map(({ family, any }) => html`<li>${markIcon(any)}${FAMILIES[family]}</li>`)}<li class="note">filled: compiled by r4t (FOLM, Diffusion)</li></ul>`;
}
