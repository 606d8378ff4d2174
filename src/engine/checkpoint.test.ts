import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { writeSealedJson } from '../checksums.js';
import { JITI } from '../cli/testing/program.js';
import { DamagedFileError } from '../errors.js';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import { Graph } from './graph.js';
import * as ops from './ops.js';
import { initialize, normal } from './parameters.js';
import { Trainer } from './trainer.js';

const temp = tempFolder();

async function trainerOf(seed: number): Promise<Trainer> {
  const graph = new Graph();
  const x = graph.input('x', ['batch', 3]);
  const loss = ops.mean(ops.square(ops.sub(ops.matmul(x, graph.parameter('w', [3, 3], normal(1))), x)));
  return Trainer.create({ loss, parameters: initialize(graph, seed), emaDecay: 0.9, clipNorm: 1 });
}

async function steps(trainer: Trainer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const data = Float32Array.from({ length: 6 }, (_, j) => Math.sin(j + trainer.step));
    await trainer.train({ x: { data, dims: [2, 3] } }, { learningRate: 0.1 });
  }
}

const tensors = (value: number) => ({
  parameters: new Map([['w', { dims: [2], data: Float32Array.of(value, value) }]]),
});

it('goes on from the disk bit for bit', async () => {
  const folder = temp.path('resume');
  const first = await trainerOf(1);
  await steps(first, 4);
  await saveCheckpoint(folder, first.state, { seed: 1 });
  await steps(first, 5);

  const saved = await loadCheckpoint(folder);
  expect(saved?.extra).toEqual({ seed: 1 });
  const second = await trainerOf(2);
  if (saved) second.restore(saved.state);
  await steps(second, 5);
  expect(second.state).toEqual(first.state);
});

it('finds nothing where nothing was saved', async () => {
  expect(await loadCheckpoint(temp.path('none'))).toBeUndefined();
  mkdirSync(temp.path('empty'));
  expect(await loadCheckpoint(temp.path('empty'))).toBeUndefined();
});

it('keeps the newest only, and may save a step again', async () => {
  const folder = temp.path('again');
  await saveCheckpoint(folder, { step: 1, groups: tensors(1) });
  await saveCheckpoint(folder, { step: 2, groups: tensors(2) });
  await saveCheckpoint(folder, { step: 2, groups: tensors(3) }, 'again');
  expect(readdirSync(folder)).toHaveLength(2);
  expect(await loadCheckpoint(folder)).toEqual({ state: { step: 2, groups: tensors(3) }, extra: 'again' });
});

it('leaves the checkpoint before when a save is cut short', async () => {
  const folder = temp.path('torn');
  await saveCheckpoint(folder, { step: 1, groups: tensors(1) });
  mkdirSync(`${folder}/step-2`);
  writeFileSync(`${folder}/step-2/parameters.safetensors`, 'half');
  expect((await loadCheckpoint(folder))?.state.step).toBe(1);
  await saveCheckpoint(folder, { step: 2, groups: tensors(2) });
  expect((await loadCheckpoint(folder))?.state).toEqual({ step: 2, groups: tensors(2) });
  expect(readdirSync(folder)).toHaveLength(2);
});

it('leaves the checkpoint before when the new one cannot be written', async () => {
  const folder = temp.path('failed');
  await saveCheckpoint(folder, { step: 1, groups: tensors(1) });
  const bad = { parameters: new Map([['w', { dims: [3], data: new Float32Array(2) }]]) };
  await expect(saveCheckpoint(folder, { step: 2, groups: bad })).rejects.toThrow(RangeError);
  expect((await loadCheckpoint(folder))?.state).toEqual({ step: 1, groups: tensors(1) });
});

it('has a whole checkpoint whenever the process is killed', async () => {
  const folder = temp.path('killed');
  const script = fileURLToPath(new URL('./testing/saveForever.ts', import.meta.url));
  let last = -1;
  for (const delay of [0, 3, 7, 11]) {
    const child = spawn(process.execPath, [JITI, script, folder], { stdio: 'ignore' });
    const exited = once(child, 'exit');
    while (savedStep(folder) === last) await sleep(5);
    await sleep(delay);
    child.kill('SIGKILL');
    await exited;
    const loaded = await loadCheckpoint(folder);
    last = loaded?.state.step ?? -1;
    expect(loaded?.extra).toEqual({ step: last });
    for (const group of Object.values(loaded?.state.groups ?? {}))
      expect(group.get('w')?.data.every((x) => x === last)).toBe(true);
  }
});

/** The step of the manifest; a reader beside a writer may find the tensors of the step before already gone. */
function savedStep(folder: string): number {
  try {
    return JSON.parse(readFileSync(`${folder}/checkpoint.json`, 'utf8')).step;
  } catch {
    return -1;
  }
}

it('names a damaged checkpoint', async () => {
  const folder = temp.path('damaged');
  await saveCheckpoint(folder, { step: 1, groups: tensors(1) });
  truncateSync(`${folder}/step-1/parameters.safetensors`, 40);
  await expect(loadCheckpoint(folder)).rejects.toThrow(DamagedFileError);
  await expect(loadCheckpoint(folder)).rejects.toThrow(
    'parameters.safetensors: has 40 bytes where 72 were written; delete the folder to begin anew',
  );
  const file = `${folder}/checkpoint.json`;
  writeFileSync(file, readFileSync(file, 'utf8').replace('"step": 1', '"step": 2'));
  await expect(loadCheckpoint(folder)).rejects.toThrow('checkpoint.json: is not what was written (SHA-256)');
  await writeSealedJson(file, { format: 'r4t-checkpoint-2', step: 1, folder: '..', groups: [], files: {} });
  await expect(loadCheckpoint(folder)).rejects.toThrow('is not the manifest of a checkpoint');
});
