/** How far every run is. */

import { formatDuration } from '../../src/cli/text.js';
import type { StageStatus } from '../../src/dashboard/events.js';
import { runColor } from './Chart.tsx';
import { all, hidden, type RunData } from './store.ts';

const STAGE_NAMES: Readonly<Record<StageStatus['stage'], string>> = {
  encode: 'Encode',
  'warm-start': 'Warm start',
  policy: 'Policy',
  synthesis: 'Synthesis',
  diffusion: 'Diffusion',
  choose: 'Choice',
};

export function Stages() {
  return (
    <section class="runs" aria-label="Progress">
      {all.value.map((run) => (
        <RunRow key={run.status.run} run={run} several={all.value.length > 1} />
      ))}
    </section>
  );
}

function RunRow({ run, several }: { run: RunData; several: boolean }) {
  const { run: number, name, stages, warning } = run.status;
  const off = hidden.value.has(number);
  const toggle = () => {
    const next = new Set(hidden.value);
    if (!next.delete(number)) next.add(number);
    hidden.value = next;
  };
  return (
    <article class={off ? 'off' : ''} data-run={name}>
      <h2>
        {several ? (
          <button
            type="button"
            class="button"
            aria-pressed={!off}
            title={off ? 'Show' : 'Hide'}
            onClick={toggle}
          >
            <i
              class="dot"
              style={{
                background: off ? 'none' : runColor(run),
                boxShadow: `inset 0 0 0 1.5px ${runColor(run)}`,
              }}
            />
            {name}
          </button>
        ) : (
          name
        )}
        <span class={`state ${stateOf(run)}`}>{stateOf(run)}</span>
        <span class="total num muted small">{describeTotal(stages)}</span>
      </h2>
      <ol class="track">
        {stages.map((stage) => (
          <Stage key={stage.stage} {...stage} />
        ))}
      </ol>
      {warning !== undefined && (
        <p class="notice bad" role="alert">
          <b>The policy shows a {warning.split(':')[0]}.</b> {sentence(warning)}
        </p>
      )}
    </article>
  );
}

function Stage({ stage, state, done, total, seconds, remaining }: StageStatus) {
  const share = state === 'done' ? 1 : done !== undefined && total ? done / total : 0;
  return (
    <li class={`stage-box ${state}`} title={`${STAGE_NAMES[stage]}: ${state}`}>
      <span class="stage-name">
        {STAGE_NAMES[stage]}
        {state === 'done' && (
          <svg viewBox="0 0 12 12" aria-label="done" role="img">
            <path d="m2.5 6.5 2.5 2.5 4.5-6" fill="none" stroke="currentColor" stroke-width="1.6" />
          </svg>
        )}
      </span>
      <span class="bar">
        <i style={{ width: `${100 * share}%` }} />
      </span>
      <span class="stage-facts num small muted">
        {state !== 'done' && total !== undefined && (
          <span>
            {(done ?? 0).toLocaleString('en')} / {total.toLocaleString('en')}
          </span>
        )}
        {remaining !== undefined ? (
          <span class="left">{formatDuration(remaining)} left</span>
        ) : (
          seconds !== undefined && <span>{formatDuration(seconds)}</span>
        )}
        {state === 'open' && total === undefined && <span>not begun</span>}
        {state === 'running' && total === undefined && <span>at work</span>}
      </span>
    </li>
  );
}

function stateOf({ status: { stages } }: RunData): string {
  if (stages.every(({ state }) => state === 'done')) return 'finished';
  return stages.some(({ state }) => state === 'running') ? 'running' : 'stopped';
}

function describeTotal(stages: readonly StageStatus[]): string {
  const total = stages.reduce((sum, { seconds = 0 }) => sum + seconds, 0);
  return total > 0 ? `${formatDuration(total)} of work` : '';
}

function sentence(warning: string): string {
  const text = warning.slice(warning.indexOf(':') + 1).trim();
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}
