import type { ReportData } from '../../results.js';
import { curveChart, curvePanels, lastValue, type Panel, SEED_STYLES } from '../charts/curves.js';
import { figure } from '../figures.js';
import { html, type Markup } from '../markup.js';
import type { Section } from './section.js';

/** What the trainings logged, as small multiples. */
export function curvesSection({ curves }: ReportData): Section | undefined {
  const policy = curvePanels(curves, 'policy');
  const losses = (['warm-start', 'diffusion'] as const).flatMap((stage) =>
    curvePanels(curves, stage).map((panel) => ({ ...panel, title: LOSSES[stage] })),
  );
  const [first] = [...policy, ...losses];
  if (first === undefined) return undefined;
  return {
    id: 'training',
    title: 'Training',
    short: 'Training',
    body: html`${legend(first.lines)}
${
  policy.length > 0 &&
  html`<h3>Policy, by Soft-GRPO</h3><p class="lead">Healthy: the reward and all its components rise together. A collapse: entropy near 0, repeated sub-queries, one component rising while another falls.</p>
${grid(policy)}`
}
${losses.length > 0 && html`<h3>Warm start and set diffusion</h3>${grid(losses)}`}`,
  };
}

const LOSSES = { 'warm-start': 'Warm start: loss', diffusion: 'Set diffusion: loss' };

function grid(panels: readonly Panel[]): Markup {
  return html`<div class="panels">${panels.map((panel) => html`<figure class="panel"><figcaption>${panel.title}<span title="At the end, mean of the seeds">${figure(lastValue(panel))}</span></figcaption>${curveChart(panel)}</figure>`)}</div>`;
}

function legend(lines: Panel['lines']): Markup | false {
  return (
    lines.length > 1 &&
    html`<ul class="legend">${lines.map(({ seed }, i) => html`<li><svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true"><path class="curve c${i % SEED_STYLES}" d="M1 4H23"/></svg>seed ${seed}</li>`)}<li class="note">figures: at the end, mean of the seeds</li></ul>`
  );
}
