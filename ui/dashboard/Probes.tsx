/** What the policy wrote for the same queries, step by step. */
import { signal, useComputed } from '@preact/signals';
import type { ProbeLine } from '../../src/compile/probeLog.js';
import { runColor } from './Chart.tsx';
import { nearestStep } from './curves.ts';
import { hover, type RunData, shown } from './store.ts';

/** The step looked at; undefined: the last there is. */
const chosen = signal<number | undefined>(undefined);
const chosenRun = signal<number | undefined>(undefined);

export function Probes() {
  const runs = shown.value.filter(({ probes }) => probes.length > 0);
  const run = runs.find(({ status }) => status.run === chosenRun.value) ?? runs[0];
  const steps = run?.probes.map(({ step }) => step) ?? [];
  const at = useComputed(() =>
    hover.value?.stage === 'policy' ? hover.value.step : (chosen.value ?? Number.POSITIVE_INFINITY),
  );
  if (!run) return null;
  const i = at.value === Number.POSITIVE_INFINITY ? steps.length - 1 : nearestStep(steps, at.value);
  const line = run.probes[i];
  return (
    <section class="probes" aria-label="Sub-queries over time">
      <header>
        <h2>
          Sub-queries for {line.probes.length === 1 ? 'a probe query' : `${line.probes.length} probe queries`}
        </h2>
        {runs.length > 1 && <RunChoice runs={runs} run={run} />}
        <label class="scrub">
          <span class="num">{line.step === 0 ? 'warm start' : `step ${line.step}`}</span>
          <input
            class="range"
            type="range"
            aria-label="Training step"
            min={0}
            max={steps.length - 1}
            value={i}
            style={{ '--filled': `${(100 * i) / Math.max(1, steps.length - 1)}%` }}
            onInput={(event) => {
              const place = Number(event.currentTarget.value);
              // At the end it follows what is written next.
              chosen.value = place === steps.length - 1 ? undefined : steps[place];
            }}
          />
          <span class="num muted">{steps.length} looks</span>
        </label>
      </header>
      <ul class="probe-cards">
        {line.probes.map((probe) => (
          <ProbeCard key={probe.query} {...probe} />
        ))}
      </ul>
    </section>
  );
}

function ProbeCard({ query, subQueries }: ProbeLine['probes'][number]) {
  const counted = countRepeats(subQueries);
  const repeats = subQueries.length - counted.length;
  return (
    <li class="probe">
      <h3>
        {query}
        {repeats > 0 && (
          <span class="repeats num" title="Sub-queries equal to an earlier one">
            {repeats} {repeats === 1 ? 'repeat' : 'repeats'}
          </span>
        )}
      </h3>
      <ol>
        {counted.map(({ text, count }) => (
          <li key={text} class={count > 1 ? 'repeated' : ''}>
            <span>{text === '' ? '(nothing)' : text}</span>
            {count > 1 && <b class="num">×{count}</b>}
          </li>
        ))}
      </ol>
    </li>
  );
}

/** Each text once, in order of its first place, with how often it stands there. */
export function countRepeats(texts: readonly string[]): { text: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return Array.from(counts, ([text, count]) => ({ text, count }));
}

function RunChoice({ runs, run }: { runs: readonly RunData[]; run: RunData }) {
  return (
    <fieldset class="choice">
      <legend class="visually-hidden">Run</legend>
      {runs.map((other) => (
        <button
          key={other.status.run}
          type="button"
          class="button"
          aria-pressed={other === run}
          onClick={() => {
            chosenRun.value = other.status.run;
          }}
        >
          <i class="dot" style={{ background: runColor(other) }} />
          {other.status.name}
        </button>
      ))}
    </fieldset>
  );
}
