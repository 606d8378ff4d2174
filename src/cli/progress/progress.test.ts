import { stripVTControlCharacters } from 'node:util';
import { expect, it } from 'vitest';
import type { CliIo, Output } from '../io.js';
import { showProgress } from './showProgress.js';
import { barStyle, jsonStyle, lineStyle } from './styles.js';
import { ProgressTracker } from './tracker.js';

class Screen implements Output {
  readonly isTTY = true;
  text = '';
  constructor(readonly columns = 80) {}

  write(text: string): void {
    this.text += text;
  }

  /** What a terminal would show: a carriage return starts the line again. */
  get lines(): string[] {
    return this.text
      .split('\n')
      .map((line) => stripVTControlCharacters(line.slice(line.lastIndexOf('\r') + 1)));
  }
}

/** A run of two stages, the second with a warning at every step. */
function play(tracker: ProgressTracker, tick: (milliseconds: number) => void): void {
  for (let done = 1; done <= 4; done++) {
    tick(500);
    tracker.onProgress({ stage: 'encode', done: done * 250, total: 1000 });
  }
  for (let done = 1; done <= 3; done++) {
    tick(4000);
    const warning = done > 1 ? `collapse: ${50 + done}% of the sub-queries are repeats` : undefined;
    tracker.onProgress({
      stage: 'policy/rl',
      done,
      total: 10,
      metrics: { reward: 0.5 + done / 10 },
      warning,
    });
  }
  tracker.close();
}

function playOn(style: (output: Output) => ConstructorParameters<typeof ProgressTracker>[0]): Screen {
  const screen = new Screen();
  let now = 0;
  play(new ProgressTracker(style(screen), () => now), (milliseconds) => {
    now += milliseconds;
  });
  return screen;
}

it('draws one line a stage in a terminal; finished stages and warnings stay', () => {
  const screen = playOn((output) => barStyle(output, { color: true }));
  expect(screen.lines).toEqual([
    '✓ encode           1,000 in 2.0 s',
    '! policy/rl: collapse: 52% of the sub-queries are repeats',
    'policy/rl         ━━━━━━────────────── 3/10 30%  28 s left  reward 0.800',
    '',
  ]);
});

it('writes no colours where they are not wanted', () => {
  expect(playOn((output) => barStyle(output, { color: false })).text).not.toContain('\x1b[3');
});

it.each([1, 10, 30, 59, 60, 75])('never draws a line wider than a terminal of %d columns', (columns) => {
  const screen = new Screen(columns);
  const tracker = new ProgressTracker(barStyle(screen, { color: true }), () => 0);
  const metrics = { reward: 0.61, kl: 0.02, entropy: 1.23, groundedness: 0.8 };
  tracker.onProgress({ stage: 'policy/warm-start', done: 3, total: 1e6, metrics });
  expect(screen.lines[0].length).toBeLessThanOrEqual(columns - 1);
  tracker.onProgress({ stage: 'policy/warm-start', done: 1e6, total: 1e6, metrics });
  expect(screen.lines[0].length).toBeLessThanOrEqual(Math.max(3, columns - 1));
});

it('prints plain lines elsewhere, one every few seconds', () => {
  expect(playOn(lineStyle).text.split('\n')).toEqual([
    'encode 250/1,000 25%',
    'encode           1,000 in 2.0 s',
    'policy/rl 1/10 10% reward 0.600',
    'warning: policy/rl: collapse: 52% of the sub-queries are repeats',
    'policy/rl 2/10 20% 32 s left  reward 0.700',
    'policy/rl 3/10 30% 28 s left  reward 0.800',
    '',
  ]);
});

it('shows a warning once whose figures change, but each host that is named', () => {
  const screen = new Screen();
  const tracker = new ProgressTracker(lineStyle(screen), () => 0);
  const warn = (warning: string) => tracker.onProgress({ stage: 'x', done: 1, total: 2, warning });
  for (const port of [8001, 8002]) for (const s of [1, 20]) warn(`http://gpu-1:${port} waits ${s} s (4.5)`);
  expect(screen.text.match(/gpu-1:800\d waits 1 s/g)).toEqual([
    'gpu-1:8001 waits 1 s',
    'gpu-1:8002 waits 1 s',
  ]);
  expect(screen.text).not.toContain('20 s');
});

it('prints JSON lines for programs', () => {
  const events = playOn(jsonStyle)
    .text.trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(events.map(({ event }) => event)).toEqual([
    'progress',
    'stage',
    'progress',
    'warning',
    'progress',
    'progress',
  ]);
  expect(events[1]).toEqual({
    event: 'stage',
    stage: 'encode',
    done: 1000,
    total: 1000,
    seconds: 2,
    metrics: {},
  });
  expect(events.at(-1)).toMatchObject({ stage: 'policy/rl', done: 3, total: 10, metrics: { reward: 0.8 } });
});

it.each([
  ['a terminal', {}, '\r'],
  ['a dumb terminal', { env: { TERM: 'dumb' } }, 'encode 1/2'],
])('chooses the style of %s', (_, io, start) => {
  const screen = new Screen();
  const world: CliIo = { stdout: new Screen(), stderr: screen, ...io };
  showProgress(world, { json: false }).onProgress({ stage: 'encode', done: 1, total: 2 });
  expect(screen.text.slice(0, start.length)).toBe(start);
});

it('respects NO_COLOR', () => {
  const screen = new Screen();
  const io: CliIo = { stdout: screen, stderr: screen, env: { NO_COLOR: '1' } };
  showProgress(io, { json: false }).onProgress({ stage: 'encode', done: 1, total: 2 });
  expect(screen.text).not.toContain('\x1b[3');
});
