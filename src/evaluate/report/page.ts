import { createHash } from 'node:crypto';
import type { EvaluationResults, ReportData } from '../results.js';
import { BEHAVIOUR } from './behaviour.js';
import { count, plural } from './figures.js';
import { html, type Markup, trusted } from './markup.js';
import { mainMetric, metricInfo } from './names.js';
import { curvesSection } from './sections/curves.js';
import { failuresSection, settingsSection } from './sections/ending.js';
import { latencySection, tradeOffSection } from './sections/pictures.js';
import { gainsSection, queriesSection } from './sections/queries.js';
import { resultsSection } from './sections/results.js';
import type { Section } from './sections/section.js';
import { verdicts } from './sections/verdict.js';
import { STYLE } from './style.js';

/**
 * The report as one HTML page that needs no network: style, script, data and pictures stand in it, and its own security
 * policy lets nothing else in.
 *
 * @param pictures `data:` URLs by the items' `image`
 */
export function reportPage(data: ReportData, pictures: ReadonlyMap<string, string> = new Map()): string {
  const { results } = data;
  const sections: Section[] = [
    resultsSection(data),
    tradeOffSection(data),
    latencySection(data),
    curvesSection(data),
    gainsSection(data),
    queriesSection(data, pictures),
    failuresSection(data),
    settingsSection(data),
  ].filter((section) => section !== undefined);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src '${hash(STYLE)}'; script-src '${hash(BEHAVIOUR)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${results.dataset}: evaluation of set retrieval</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header class="top">
<p class="kind">${results.task === 'wscr' ? 'Weakly supervised retrieval (WSCR)' : 'Open-ended retrieval (OAR)'}</p>
<h1 dir="auto">${results.dataset}</h1>
${facts(results)}
${verdicts(results).map(({ finding, figures }) => html`<p class="verdict"><strong>${finding}</strong> ${figures}</p>`)}
</header>
<nav aria-label="Sections">${sections.map(({ id, short }) => html`<a href="#${id}">${short}</a>`)}</nav>
<main>
${sections.map(({ id, title, body }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`)}
</main>
<script>${trusted(BEHAVIOUR)}</script>
</body>
</html>
`;
  return page.source;
}

function facts(results: EvaluationResults): Markup {
  const { queries, items, budget, k, seeds, task } = results;
  const entries: [string, string, string][] = [
    ['Main metric', metricInfo(mainMetric(task)).name, metricInfo(mainMetric(task)).about],
    [
      'Test queries',
      count(queries.test),
      `${count(queries.train)} train, ${count(queries.valid)} validation`,
    ],
    ['Catalog', plural(items, 'item'), ''],
    ['Directions', `k = ${count(k)}`, task === 'wscr' ? 'each retrieves its share of the budget' : ''],
    task === 'wscr'
      ? ['Budget', `B = ${count(budget)}`, `${((100 * budget) / items).toFixed(1)}% of the catalog`]
      : ['Set', plural(budget, 'item'), ''],
    ['Seeds', count(seeds.length), seeds.join(', ')],
  ];
  return html`<dl class="facts">${entries.map(([name, value, about]) => html`<div><dt>${name}</dt><dd>${value}${about !== '' && html`<small>${about}</small>`}</dd></div>`)}</dl>`;
}

/** What a Content-Security-Policy calls an inline style or script. */
function hash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
