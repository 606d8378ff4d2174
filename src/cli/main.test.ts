/** The real program in a process of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { PROGRAM } from './testing/program.js';
import { runCli, TINY, writeShop } from './testing/shop.js';

const temp = tempFolder();

function start(args: readonly string[]): {
  child: ChildProcess;
  stderr: () => string;
  ended: Promise<unknown>;
} {
  const child = spawn(process.execPath, [...PROGRAM, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stderr.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal)));
  return { child, stderr: () => text, ended };
}

it('saves its work at Ctrl-C and goes on from there', async () => {
  const steps = 150;
  const { catalog, config } = writeShop(temp, { ...TINY, policy: { ...TINY.policy, warmStartSteps: steps } });
  const out = temp.path('run');
  const args = ['compile', catalog, '--config', config, '--out', out, '--stage', 'warm-start'];
  const { child, stderr, ended } = start(args);
  let interrupted = false;
  child.stderr?.on('data', () => {
    if (interrupted || !stderr().includes('policy/warm-start')) return;
    interrupted = child.kill('SIGINT');
  });
  expect(await ended).toBe(130);
  expect(stderr()).toMatch(/\nstopped; run the same command again to go on\n$/);
  expect(existsSync(join(out, 'run.lock'))).toBe(false);
  const checkpoint = join(out, 'warm-start', 'checkpoint', 'checkpoint.json');
  const { step } = JSON.parse(readFileSync(checkpoint, 'utf8')) as { step: number };
  expect(step).toBeGreaterThan(0);
  expect(step).toBeLessThan(steps);

  const { code, stderr: progress } = await runCli(args);
  expect(code).toBe(0);
  expect(progress).toContain(`policy/warm-start ${step + 1}/${steps} `);
  expect(progress).not.toContain('encode');
  const metrics = readFileSync(join(out, 'warm-start', 'metrics.jsonl'), 'utf8')
    .trim()
    .split('\n');
  expect(metrics.map((line) => (JSON.parse(line) as { step: number }).step)).toEqual(
    Array.from({ length: steps }, (_, i) => i),
  );
});

it('takes a reader that has seen enough for no error', async () => {
  const { child, stderr, ended } = start(['--help']);
  child.stdout?.destroy();
  expect(await ended).toBe(0);
  expect(stderr()).toBe('');
});

it('works on when nobody reads its progress', async () => {
  const { child, ended } = start(['info', temp.path('none')]);
  child.stderr?.destroy();
  expect(await ended).toBe(2);
});
