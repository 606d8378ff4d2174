import { mkdirSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import type { DashboardEvent, RunStatus } from './events.js';
import { policyFigures, sketchRun } from './testing/run.js';
import { RunWatcher, watchRuns } from './watchRun.js';

const temp = tempFolder();

const statusOf = (events: readonly DashboardEvent[]): RunStatus | undefined =>
  events.flatMap((event) => (event.type === 'status' ? [event.data] : []))[0];
const stage = (status: RunStatus | undefined, name: string) => status?.stages.find((s) => s.stage === name);

it('tells everything at first, then what changes', async () => {
  const { run, step, probe, finish } = await sketchRun(temp, 'growing');
  const watcher = new RunWatcher(3, run.folder);
  const first = await watcher.poll();
  expect(first).toHaveLength(1);
  expect(statusOf(first)).toMatchObject({ run: 3, name: 'growing', items: 72 });
  expect(statusOf(first)?.stages.map(({ state }) => state)).toEqual(Array(6).fill('open'));
  expect(await watcher.poll()).toEqual([]);

  await finish('encode', 'warm-start');
  await step('policy', 0, policyFigures(0.4));
  await probe(0, ['red boot', 'red boot']);
  const then = await watcher.poll();
  expect(then.map(({ type }) => type)).toEqual(['status', 'metrics', 'probes']);
  expect(then[1].data).toMatchObject({
    run: 3,
    stage: 'policy',
    reset: false,
    lines: [{ step: 0, reward: 0.4 }],
  });
  expect(then[2].data).toMatchObject({
    lines: [{ step: 0, probes: [{ query: 'boots', subQueries: ['red boot', 'red boot'] }] }],
  });
  await step('policy', 1, policyFigures(0.5));
  const [, metrics] = await watcher.poll();
  expect(metrics.data).toMatchObject({ lines: [{ step: 1 }] });
});

it('knows a running stage by the lock, and its time left by the last steps', async () => {
  const { run, step, finish } = await sketchRun(temp, 'running');
  await finish('encode', 'warm-start');
  for (const i of [0, 1, 2, 3]) await step('policy', i, policyFigures(0.5));
  const stopped = statusOf(await new RunWatcher(0, run.folder).poll());
  expect(stage(stopped, 'policy')).toEqual({
    stage: 'policy',
    state: 'stopped',
    done: 4,
    total: 10,
    seconds: 4,
  });
  await using _lock = await run.lock();
  const running = statusOf(await new RunWatcher(0, run.folder).poll());
  // A second of work a step.
  expect(stage(running, 'policy')).toMatchObject({ state: 'running', done: 4, total: 10, remaining: 6 });
  expect(stage(running, 'encode')).toMatchObject({ state: 'done', seconds: 90 });
  expect(stage(running, 'diffusion')).toEqual({ stage: 'diffusion', state: 'open' });
});

it('warns of a collapse while it lasts', async () => {
  const { run, step } = await sketchRun(temp, 'collapsing');
  const watcher = new RunWatcher(0, run.folder);
  await step('policy', 0, policyFigures(0.5, 0.8));
  expect(statusOf(await watcher.poll())?.warning).toContain('80% of the items are repeats');
  await step('policy', 1, policyFigures(0.5, 0.1));
  expect(statusOf(await watcher.poll())?.warning).toBeUndefined();
});

it('goes back with a training that goes on at a checkpoint', async () => {
  const { run, step } = await sketchRun(temp, 'resumed');
  const watcher = new RunWatcher(0, run.folder);
  for (const i of [0, 1, 2]) await step('diffusion', i);
  await watcher.poll();
  await step('diffusion', 1, { loss: 7 });
  const event = (await watcher.poll()).find(({ type }) => type === 'metrics');
  expect(event?.data).toMatchObject({ reset: true, lines: [{ step: 0 }, { step: 1, loss: 7 }] });
});

it('thins out a long past, but not the last step', async () => {
  const { run } = await sketchRun(temp, 'long');
  const lines = Array.from({ length: 9999 }, (_, step) => `${JSON.stringify({ step, loss: step })}\n`);
  mkdirSync(run.path('diffusion'), { recursive: true });
  writeFileSync(run.path('diffusion', 'metrics.jsonl'), lines.join(''));
  const event = (await new RunWatcher(0, run.folder).poll()).find((e) => e.type === 'metrics');
  const sent = event?.data.lines ?? [];
  expect(sent.length).toBeLessThanOrEqual(2001);
  expect(sent.at(0)).toMatchObject({ step: 0 });
  expect(sent.at(-1)).toMatchObject({ step: 9998 });
});

it('watches several runs until it is stopped', async () => {
  const [one, two] = [await sketchRun(temp, 'one'), await sketchRun(temp, 'two')];
  const controller = new AbortController();
  const seen: string[] = [];
  const folders = [one.run.folder, two.run.folder];
  for await (const { type, data } of watchRuns(folders, { interval: 1, signal: controller.signal })) {
    seen.push(type === 'status' ? `${type} ${data.name}` : type);
    if (type === 'ready') await two.step('warm-start', 0);
    if (type === 'metrics') controller.abort();
  }
  expect(seen).toEqual(['status one', 'status two', 'ready', 'metrics']);
});
