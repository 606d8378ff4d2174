import type { EvaluationResults, ReportData } from '../../results.js';
import { paretoChart } from '../charts/pareto.js';
import { html, type Markup } from '../markup.js';
import { mainMetric, metricsOf } from '../names.js';
import { legend, toggle } from './pictures.js';
import { forestFigure, glossary } from './results.js';
import type { Section } from './section.js';
import { resultsTable, seedTable, wideAndNarrow } from './table.js';

/** What embeddings say of the sets: the reward's, and those of an encoder the reward never saw. */
export function diagnosticsSection({ results }: ReportData): Section | undefined {
  const own = metricsOf(results, 'diagnostics');
  const heldout = metricsOf(results, 'heldout');
  if (own.length === 0 && heldout.length === 0) return undefined;
  const main = mainMetric(results);
  // A section before this one has said what the methods are.
  const told = (['labels', 'judge'] as const).some((table) => metricsOf(results, table).length > 0);
  return {
    id: 'diagnostics',
    title: 'Diagnostics',
    short: 'Diagnostics',
    body: html`<p class="lead">What embeddings say of the sets, and nobody who looks at a set sees. They explain what a method does; a higher figure does not make its sets better.</p>
${own.length > 0 && resultsTable(results, own, 'Diagnostics of every method')}
${!told && forestFigure(results, main)}
${tradeOff(results)}
${
  heldout.length > 0 &&
  html`<h3>Under an encoder the reward never saw</h3>
<p class="lead">The same sets, measured by <span dir="auto">${results.heldoutEncoder ?? 'a second encoder'}</span>. A method that only looks good to the encoder it was rewarded by falls back here.</p>
${resultsTable(results, heldout, 'Diagnostics under the held-out encoder')}`
}
${seedTable(results, own)}
<details><summary>${told ? 'Metrics' : 'Methods and metrics'}</summary>${glossary(told ? { ...results, methods: {} } : results, own)}</details>`,
  };
}

/** Alignment against diversity, which need no directions and so show all methods. */
function tradeOff(results: EvaluationResults): Markup | undefined {
  const views = (['own', 'heldout'] as const).flatMap((encoder) => {
    const label = encoder === 'own' ? "The reward's encoder" : 'Held-out encoder';
    const picture = wideAndNarrow((width) =>
      paretoChart(results, { encoder, width, height: width > 500 ? 460 : 420 }),
    );
    return picture === undefined ? [] : [{ label, picture }];
  });
  if (views.length === 0) return undefined;
  return html`<h3 id="trade-off">Alignment against diversity</h3>
<p class="lead">Of the items of each set. The dashed line joins the methods no other beats in both. Thin crosses are 95% intervals over queries.</p>
${toggle('encoder', views)}${legend(results)}`;
}
