import { createHash } from 'node:crypto';
import type { EvaluationResults, ReportData } from '../results.js';
import { BEHAVIOUR } from './behaviour.js';
import { count, plural } from './figures.js';
import { html, type Markup, trusted } from './markup.js';
import { mainMetric, metricInfo, metricName } from './names.js';
import { curvesSection } from './sections/curves.js';
import { diagnosticsSection } from './sections/diagnostics.js';
import { failuresSection, settingsSection } from './sections/ending.js';
import { latencySection } from './sections/pictures.js';
import { gainsSection, queriesSection } from './sections/queries.js';
import { judgeSection, resultsSection } from './sections/results.js';
import type { Section } from './sections/section.js';
import { verdict } from './sections/verdict.js';
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
    judgeSection(data),
    ...(results.labelled > 0
      ? [latencySection(data), diagnosticsSection(data)]
      : [diagnosticsSection(data), latencySection(data)]),
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
${answer(results)}
${facts(results)}
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

/** The verdict, in bold what `auto` is and the advice: what stands before the colon. */
function answer(results: EvaluationResults): Markup {
  const bold = results.validated ? 2 : 1;
  const sentences = verdict(results).map((sentence, i) => {
    if (i >= bold) return html`${sentence}`;
    const end = sentence.includes(': ') ? sentence.indexOf(': ') + 1 : sentence.length;
    return html`<strong>${sentence.slice(0, end)}</strong>${sentence.slice(end)}`;
  });
  return html`<p class="verdict">${sentences.map((sentence, i) => html`${i > 0 && ' '}${sentence}`)}</p>`;
}

function facts(results: EvaluationResults): Markup {
  const { queries, items, budget, k, seeds, task, labelled } = results;
  const main = mainMetric(results);
  const entries: [string, string, string][] = [
    [
      labelled > 0 ? 'Main metric' : 'No labels; pictures show',
      metricName(main, results),
      metricInfo(main).about,
    ],
    [
      'Test queries',
      count(queries.test),
      `${labelled === queries.test ? 'all' : count(labelled)} with a reference set; ${count(queries.train)} train, ${count(queries.valid)} validation`,
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
