import type { MethodName, ReportData } from '../../results.js';
import { markIcon } from '../charts/marks.js';
import { count, figure, signed } from '../figures.js';
import { extremes, methodsWithSets, type QueryGain, type QueryGains, queryGains } from '../gains.js';
import { html, jsonScript, type Markup } from '../markup.js';
import { headlineMethods, METHOD_INFO, metricName } from '../names.js';
import { queryPayload } from '../payload.js';
import type { Section } from './section.js';
import { scrollable } from './table.js';

const EXTREMES = 10;

/** The queries that compiling helped most and harmed most. */
export function gainsSection(data: ReportData): Section | undefined {
  const found = queryGains(data);
  if (found === undefined) return undefined;
  const { best, worst } = extremes(found, EXTREMES);
  const [won, lost] = [1, -1].map((sign) => found.gains.filter(({ gain }) => gain * sign > 0).length);
  const tied = found.gains.length - won - lost;
  const [before, after] = [METHOD_INFO[found.before].name, METHOD_INFO[found.after].name];
  return {
    id: 'gains',
    title: 'Best and worst queries',
    short: 'Best and worst',
    body: html`<p class="lead">${metricName(found.metric, data.results)} of ${after} minus that of ${before}, first seed: ${count(won)} of ${count(found.gains.length)} queries gain, ${count(lost)} lose, ${count(tied)} stay. Choose one to see its sets.</p>
<div class="two">${gainTable('Gain most', best, found)}${gainTable('Lose most', worst, found)}</div>`,
  };
}

function gainTable(title: string, rows: readonly QueryGain[], { before, after, gains }: QueryGains): Markup {
  const largest = Math.max(...gains.map(({ gain }) => Math.abs(gain)));
  if (rows.length === 0) return html`<div><h3>${title}</h3><p class="nothing">None.</p></div>`;
  return html`<div><h3>${title}</h3>${scrollable(
    title,
    html`<table class="gains"><thead><tr><th scope="col">Query</th><th scope="col">${METHOD_INFO[before].short}</th><th scope="col">${METHOD_INFO[after].short}</th><th scope="col">Gain</th></tr></thead>
<tbody>${rows.map((row) => html`<tr><th scope="row"><button type="button" class="link" data-query="${row.index}" dir="auto">${row.query}</button></th><td>${figure(row.before, 2)}</td><td>${figure(row.after, 2)}</td><td class="gain">${gainBar(row.gain / largest)}${signed(row.gain, 2)}</td></tr>`)}</tbody></table>`,
  )}</div>`;
}

function gainBar(share: number): Markup {
  const width = Math.max(1, Math.round(Math.abs(share) * 56));
  return html`<svg class="gain-bar ${share < 0 ? 'loss' : 'win'}" viewBox="0 0 56 10" width="56" height="10" aria-hidden="true"><rect y="2" width="${width}" height="6"/></svg>`;
}

/** Sets of several methods side by side, which the page's script fills. */
export function queriesSection(data: ReportData, pictures: ReadonlyMap<string, string>): Section | undefined {
  const methods = methodsWithSets(data.queries);
  if (methods.length === 0) return undefined;
  const first = shownFirst(data, methods);
  const relevant = data.queries.some(({ reference }) => reference !== undefined);
  return {
    id: 'queries',
    title: 'Sets, query by query',
    short: 'Sets',
    body: html`<noscript><p class="nothing">The sets are shown by a script of this page, which is switched off. report.json has them all.</p></noscript>
<div id="explorer" hidden>
<p class="lead">First seed. ← is the sub-query that brought an item, where the method has words for its directions${relevant && '; ✓ marks items of the reference set'}.</p>
<fieldset class="chips" id="method-chips"><legend>Methods</legend>${methods.map((name, i) => html`<label><input type="checkbox" value="${i}"${first.has(name) && html` checked`}><span>${markIcon(name)}${METHOD_INFO[name].name}</span></label>`)}</fieldset>
<div class="split">
<div class="picker"><label class="unseen" for="query-search">Search the queries</label><input type="search" id="query-search" placeholder="Search the queries" autocomplete="off" spellcheck="false"><p id="query-count" aria-live="polite"></p><ul id="query-list"></ul></div>
<div class="chosen"><h3 id="query-title" tabindex="-1" dir="auto"></h3><details id="query-reference"><summary></summary><ul></ul></details><div id="query-sets" class="sets" role="region" aria-label="Sets of the chosen methods" tabindex="0"></div></div>
</div>
</div>
<script type="application/json" id="payload">${jsonScript(queryPayload(data, pictures))}</script>`,
  };
}

/** What matters, where the report has its sets. */
function shownFirst({ results }: ReportData, methods: readonly MethodName[]): Set<MethodName> {
  const present = headlineMethods(results).filter((name) => methods.includes(name));
  return new Set(present.length > 0 ? present : methods.slice(0, 3));
}
