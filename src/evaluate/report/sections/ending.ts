import type { ReportData } from '../../results.js';
import { markIcon } from '../charts/marks.js';
import { count, plural } from '../figures.js';
import { html } from '../markup.js';
import { METHOD_INFO } from '../names.js';
import type { Section } from './section.js';
import { scrollable } from './table.js';

/** Queries with fewer items than asked for. */
export function failuresSection({ failures }: ReportData): Section {
  return {
    id: 'failures',
    title: 'Failures',
    short: 'Failures',
    body:
      failures.length === 0
        ? html`<p class="nothing">No query failed.</p>`
        : html`<p class="lead">${plural(failures.length, 'query got', 'queries got')} fewer items than asked for.</p>
${scrollable(
  'Failed queries',
  html`<table class="texts"><thead><tr><th scope="col">Method</th><th scope="col">Query</th><th scope="col">Reason</th></tr></thead>
<tbody>${failures.map(({ method, query, reason }) => html`<tr><th scope="row"><span class="method">${markIcon(method)}${METHOD_INFO[method].name}</span></th><td dir="auto">${query}</td><td dir="auto">${reason}</td></tr>`)}</tbody></table>`,
)}`,
  };
}

/** What is needed to make the report again. */
export function settingsSection({ results, command }: ReportData): Section {
  const { tuned, heldoutEncoder, peakMemoryMiB, seeds } = results;
  return {
    id: 'settings',
    title: 'Settings',
    short: 'Settings',
    body: html`<dl class="glossary">
${Object.entries(tuned).map(([name, value]) => html`<dt>${name}</dt><dd>${value}, tuned on the validation queries</dd>`)}
<dt>seeds</dt><dd>${seeds.join(', ')}</dd>
${heldoutEncoder !== undefined && html`<dt>held-out encoder</dt><dd dir="auto">${heldoutEncoder}</dd>`}
<dt>peak memory</dt><dd>${count(Math.round(peakMemoryMiB))} MiB for the whole evaluation</dd></dl>
<p class="lead">The command which makes this report again:</p>
<pre tabindex="0"><code>${command}</code></pre>`,
  };
}
