/** One figure of one training, a curve for each run. */
import type { ProbeFigures } from '../../src/choose/probeFigures.js';
import type { Baseline, Training } from '../../src/dashboard/events.js';
import { nameOf } from '../explorer/methods.ts';
import { type Curve, fitScale, linePath, nearestStep, pointsPath, smooth } from './curves.ts';
import { hover, type RunData, shown } from './store.ts';

const WIDTH = 600;
const HEIGHT = 150;

export interface ChartProps {
  readonly stage: Training;
  readonly name: string;
  readonly label: string;
  /** What the figure means. */
  readonly title: string;
  /** The axis must reach at least this far. */
  readonly atLeast?: readonly number[];
  /** Measured now and then: points, joined by lines, beside what the best baseline reaches. */
  readonly isProbe?: boolean;
}

export function Chart({ stage, name, label, title, atLeast = [], isProbe = false }: ChartProps) {
  const curves = shown.value.map((run) => ({ run, ...curveOf(run, stage, name, isProbe) }));
  const rivals = isProbe ? rivalsOf(name as keyof ProbeFigures) : [];
  const last = Math.max(1, ...shown.value.map((run) => lastStep(run, stage)));
  const scale = fitScale([
    ...curves.flatMap(({ values, smoothed }) => (smoothed.length > 200 ? smoothed : values)),
    ...rivals.map(({ value }) => value),
    ...atLeast,
  ]);
  const at = hover.value?.stage === stage ? hover.value.step : undefined;
  const move = (event: PointerEvent) => {
    const { left, width } = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - left) / width));
    hover.value = { stage, step: Math.round(share * last) };
  };
  return (
    <figure class="chart" data-metric={name}>
      <figcaption title={title}>
        <span>{label}</span>
        <span class="values num">
          {curves.map(({ run, steps, values, smoothed }) => {
            const i = at === undefined ? smoothed.length - 1 : nearestStep(steps, at);
            const value = at === undefined ? smoothed[i] : values[i];
            return (
              <b key={run.status.run} style={{ color: runColor(run) }} title={run.status.name}>
                {value === undefined || Number.isNaN(value) ? '' : figure(value)}
              </b>
            );
          })}
        </span>
      </figcaption>
      <div class="axes">
        <ul class="ticks num" aria-hidden="true">
          {scale.ticks.map((tick) => (
            <li key={tick} style={{ bottom: `${(100 * (tick - scale.min)) / (scale.max - scale.min)}%` }}>
              {tickText(tick, scale.ticks[1] - scale.ticks[0])}
            </li>
          ))}
        </ul>
        <div
          class="box"
          onPointerMove={move}
          onPointerDown={move}
          onPointerLeave={() => {
            hover.value = undefined;
          }}
        >
          <svg
            viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
            preserveAspectRatio="none"
            role="img"
            aria-label={`${label} over ${last} steps`}
          >
            {scale.ticks.map((tick) => {
              const y = HEIGHT * (1 - (tick - scale.min) / (scale.max - scale.min));
              return <path key={tick} class="grid" d={`M0 ${y}H${WIDTH}`} />;
            })}
            {rivals.map(({ run, value }) => (
              <path
                key={run.status.run}
                class="rival"
                stroke={runColor(run)}
                d={`M0 ${HEIGHT * (1 - (value - scale.min) / (scale.max - scale.min))}H${WIDTH}`}
              />
            ))}
            {curves.map(({ run, steps, values, smoothed }) => {
              const path = (y: readonly number[]) =>
                linePath({ steps, values: y }, last, scale, WIDTH, HEIGHT);
              return (
                <g key={run.status.run} stroke={runColor(run)} fill="none">
                  {!isProbe && <path class="raw" d={path(values)} />}
                  <path class="smooth" d={path(smoothed)} />
                  {isProbe && (
                    <path class="points" d={pointsPath({ steps, values }, last, scale, WIDTH, HEIGHT)} />
                  )}
                </g>
              );
            })}
          </svg>
          {rivals.map(({ run, method, value }) => {
            const share = (value - scale.min) / (scale.max - scale.min);
            return (
              <span
                key={run.status.run}
                class={`rival-name num ${share > 0.8 ? 'below' : ''}`}
                style={{ bottom: `${100 * share}%`, color: rivals.length > 1 ? runColor(run) : undefined }}
              >
                {nameOf(method)} {figure(value)}
              </span>
            );
          })}
          {at !== undefined && (
            <i class="cursor" style={{ left: `${(100 * at) / last}%` }}>
              <span class={`num ${at > last * 0.75 ? 'left' : ''}`}>step {at}</span>
            </i>
          )}
        </div>
      </div>
    </figure>
  );
}

/** Points that the moving average remembers, as a share of the curve. */
const MEMORY = 0.03;

function curveOf(
  run: RunData,
  stage: Training,
  name: string,
  isProbe: boolean,
): Curve & { smoothed: readonly number[] } {
  const lines = (run.metrics[stage] ?? []).filter((line) => !isProbe || line[name] !== undefined);
  const values = lines.map((line) => line[name] ?? Number.NaN);
  return {
    steps: lines.map(({ step }) => step),
    values,
    smoothed: isProbe ? values : smooth(values, Math.max(1, values.length * MEMORY)),
  };
}

/** The best baseline of each shown run; runs of the same baseline and value have one. */
function rivalsOf(name: keyof ProbeFigures): (Baseline & { run: RunData })[] {
  const all = shown.value.flatMap((run) => {
    const baseline = run.status.baselines?.[name];
    return baseline ? [{ run, ...baseline }] : [];
  });
  const isFirst = ({ method, value }: Baseline, i: number) =>
    all.findIndex((other) => other.method === method && other.value === value) === i;
  return all.filter(isFirst);
}

/** The last step of the plan while it is worked on, so that the curve grows into its place. */
function lastStep(run: RunData, stage: Training): number {
  const status = run.status.stages.find((s) => s.stage === stage);
  const done = run.metrics[stage]?.at(-1)?.step ?? 0;
  return Math.max(done, status?.total ? status.total - 1 : 0);
}

/** Colours of the runs, told apart by lightness too. */
const COLORS = ['--accent', '--run-2', '--run-3', '--run-4', '--run-5', '--run-6'];
export const runColor = ({ status: { run } }: RunData): string => `var(${COLORS[run % COLORS.length]})`;

export function figure(value: number): string {
  const size = Math.abs(value);
  if (size < 1e-6) return '0';
  if (size < 0.001) return value.toExponential(1);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 3);
}

/** A tick with as many digits as the step between ticks has. */
function tickText(tick: number, step: number): string {
  const [digits, power] = Number(step.toPrecision(2)).toExponential().split('e');
  const places = digits.length > 1 ? digits.length - 2 - Number(power) : -Number(power);
  return Math.abs(tick) < step / 1e3 ? '0' : tick.toFixed(Math.min(9, Math.max(0, places)));
}
