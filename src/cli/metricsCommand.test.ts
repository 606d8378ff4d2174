import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { type TrainingEvent, trainingEvents } from '../run/trainingEvents.js';
import { compileTiny, SETS } from '../serve/testing/tinyRun.js';
import { runCli } from './testing/shop.js';

const temp = tempFolder();
let run: string;
beforeAll(async () => {
  run = await compileTiny(temp, { sets: SETS });
});

const parsed = (text: string) =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TrainingEvent);

it('prints every step of every training as a line, in the order of time', async () => {
  const { code, stdout, stderr } = await runCli(['metrics', run]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const events = parsed(stdout);
  expect(events).toEqual(await trainingEvents(run));
  const manifest = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as {
    stages: Record<string, { finishedAt: string; seconds: number; values: object }>;
  };
  for (const stage of ['warm-start', 'policy', 'diffusion'] as const) {
    const lines = readFileSync(join(run, stage, 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n');
    const own = events.filter((event) => event.stage === stage);
    expect(own.map(({ step, seconds, metrics }) => ({ step, seconds, ...metrics }))).toEqual(
      lines.map((line) => JSON.parse(line)),
    );
    const { finishedAt, seconds } = manifest.stages[stage];
    const began = Date.parse(finishedAt) - 1000 * seconds;
    for (const event of own) expect(Date.parse(event.time)).toBeCloseTo(began + 1000 * event.seconds, -1);
  }
  const { finishedAt, values } = manifest.stages.choose;
  expect(events.at(-1)).toMatchObject({
    run: 'run',
    stage: 'choose',
    step: 0,
    time: finishedAt,
    metrics: values,
  });
  const times = events.map(({ time }) => Date.parse(time));
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

it('writes them for TensorBoard', async () => {
  const folder = temp.path('tb');
  const { code, stdout } = await runCli(['metrics', run, '--tensorboard', folder]);
  expect(code).toBe(0);
  const [file] = readdirSync(folder);
  const { length } = await trainingEvents(run);
  expect(stdout).toBe(`${length} events in ${join(folder, file)}\n`);
});

it('reads a run that is being trained, without numbers that are none', async () => {
  const other = await compileTiny(temp, { out: 'other', stage: 'encode' });
  expect(await runCli(['metrics', other])).toEqual({
    code: 0,
    stdout: '',
    stderr: 'r4t: nothing has been trained in this run yet\n',
  });
  mkdirSync(join(other, 'policy'), { recursive: true });
  temp.write('other/policy/metrics.jsonl', [{ step: 0, reward: 0.5, kl: null, note: 'x', seconds: 2 }]);
  const file = join(other, 'policy', 'metrics.jsonl');
  appendFileSync(file, '{"step": 1, "rew');
  const [event, ...more] = await trainingEvents(other);
  expect(more).toEqual([]);
  expect(event).toMatchObject({
    run: 'other',
    stage: 'policy',
    step: 0,
    seconds: 2,
    metrics: { reward: 0.5 },
  });
  expect(event.metrics).toEqual({ reward: 0.5 });
  writeFileSync(file, '{"step": 0}\nnonsense\n{"step": 1}\n');
  expect(await runCli(['metrics', other])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('metrics.jsonl:2'),
  });
  expect(await runCli(['metrics', temp.path('none')])).toMatchObject({ code: 2 });
});
