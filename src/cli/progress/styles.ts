import type { Output } from '../io.js';
import { formatDuration, formatFigure, oneLine, truncate } from '../text.js';
import type { ProgressStyle, StageState } from './tracker.js';

const ERASE_TO_END = '\x1b[K';
const BAR = 20;

export interface BarOptions {
  readonly color: boolean;
}

/** For terminals: one line which is drawn again and again, and stays when its stage is done. */
export function barStyle(output: Output, { color }: BarOptions): ProgressStyle {
  const paint = (code: number, text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);
  let line = '';
  const draw = (text: string) => output.write(`\r${text}${ERASE_TO_END}`);
  const keep = (text: string) => {
    output.write(`\r${text}${ERASE_TO_END}\n`);
    line = '';
  };
  return {
    interval: 100,
    update(state) {
      // A line wider than the terminal would wrap, and could not be drawn over.
      const width = (output.columns ?? 80) - 1;
      const filled = Math.round((BAR * state.done) / state.total);
      const bar = paint(32, '━'.repeat(filled)) + paint(2, '─'.repeat(BAR - filled));
      const head = state.stage.padEnd(18);
      const rest = ` ${describeCount(state)}  ${describeDetails(state)}`;
      line =
        width < 60 ? truncate(head + rest, width) : head + bar + truncate(rest, width - head.length - BAR);
      draw(line);
    },
    finish(state) {
      const width = (output.columns ?? 80) - 3;
      keep(`${paint(32, '✓')} ${truncate(describeFinished(state), width)}`);
    },
    warn(stage, warning) {
      const wanted = line;
      keep(paint(33, `! ${stage}: ${oneLine(warning)}`));
      line = wanted;
      draw(line);
    },
    leave() {
      if (line !== '') keep(line);
    },
  };
}

/** For files and pipes: a plain line now and then. */
export function lineStyle(output: Output): ProgressStyle {
  const print = (text: string) => output.write(`${text}\n`);
  return {
    interval: 3000,
    update: (state) => print(`${state.stage} ${describeCount(state)} ${describeDetails(state)}`.trimEnd()),
    finish: (state) => print(describeFinished(state)),
    warn: (stage, warning) => print(`warning: ${stage}: ${oneLine(warning)}`),
    leave() {},
  };
}

/** For programs: one JSON object a line; `event` is `progress`, `stage` (a finished one) or `warning`. */
export function jsonStyle(output: Output): ProgressStyle {
  const print = (value: object) => output.write(`${JSON.stringify(value)}\n`);
  return {
    interval: 3000,
    update: (state) => print({ event: 'progress', ...state }),
    finish: ({ remaining: _, ...state }) => print({ event: 'stage', ...state }),
    warn: (stage, warning) => print({ event: 'warning', stage, message: warning }),
    leave() {},
  };
}

function describeCount({ done, total }: StageState): string {
  const percent = Math.floor((100 * done) / total);
  return `${done.toLocaleString('en')}/${total.toLocaleString('en')} ${percent}%`;
}

function describeDetails({ remaining, metrics }: StageState): string {
  const left = remaining === undefined ? [] : [`${formatDuration(remaining)} left`];
  return [...left, ...describeMetrics(metrics)].join('  ');
}

function describeFinished({ stage, done, seconds, metrics }: StageState): string {
  const count = done.toLocaleString('en');
  return [`${stage.padEnd(16)} ${count} in ${formatDuration(seconds)}`, ...describeMetrics(metrics)].join(
    '  ',
  );
}

const describeMetrics = (metrics: StageState['metrics']): string[] =>
  Object.entries(metrics).map(([name, value]) => `${name} ${formatFigure(value)}`);
