/** A full disk, a folder that may not be written, several processes on one run. */
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CounterRandom } from '../../src/random.js';
import { answersOf, send, serve } from './items.js';
import { COMPILE, differences, type Ended, program, start, treeOf, writeWorld } from './world.js';

interface DiskOptions {
  readonly main: string;
  readonly folder: string;
  readonly seed: number;
}

const FULL = /^r4t: .*: the disk is full; free some space and run again, finished work is kept$/m;
const told = ({ code, stderr }: Ended) => `code ${code}: ${stderr.trim().split('\n').slice(-2).join(' | ')}`;

export async function disk(options: DiskOptions): Promise<readonly string[]> {
  const reference = join(options.folder, 'disk-reference');
  writeWorld(reference);
  const unbroken = await program(COMPILE, { ...options, cwd: reference, fault: { kind: 'count' } });
  if (unbroken.code !== 0) throw new Error(told(unbroken));
  const whole = {
    ...options,
    reference,
    moments: unbroken.moments!,
    expected: treeOf(join(reference, 'run')),
  };
  return [
    ...(await fullDisk(whole)),
    ...(await smallDisk(whole)),
    ...(await fullForItems(whole)),
    ...(await readOnly(whole)),
    ...(await together(whole)),
  ];
}

interface Whole extends DiskOptions {
  readonly reference: string;
  readonly moments: number;
  readonly expected: Record<string, string>;
}

/** ENOSPC from a drawn moment on; then there is space again. */
async function fullDisk({ main, folder, seed, moments, expected }: Whole, times = 12): Promise<string[]> {
  const random = new CounterRandom(seed, 'full');
  const wrong: string[] = [];
  for (let i = 0; i < times; i++) {
    const cwd = join(folder, 'full');
    rmSync(cwd, { recursive: true, force: true });
    writeWorld(cwd);
    const at = 1 + Math.floor(((i + random.uniform()) / times) * moments);
    const ended = await program(COMPILE, { main, cwd, fault: { kind: 'full', at } });
    // A quicker run saves fewer checkpoints: it may be over before the moment comes.
    const isOver = ended.code === 0 && (ended.moments ?? 0) < at;
    if (!isOver && (ended.code !== 1 || !FULL.test(ended.stderr)))
      wrong.push(`disk full from ${at}: ${told(ended)}`);
    const again = await program(COMPILE, { main, cwd });
    if (again.code !== 0) wrong.push(`disk full from ${at}, then not: ${told(again)}`);
    const others = differences(expected, treeOf(join(cwd, 'run')));
    if (others.length > 0) wrong.push(`disk full from ${at}: differs in ${others.join(', ')}`);
  }
  console.log(`disk full at ${times} moments of compile: ${wrong.length} wrong`);
  return wrong;
}

/** A real file system that is too small, where one may be mounted. */
async function smallDisk({ main, folder, expected }: Whole): Promise<string[]> {
  const cwd = join(folder, 'small');
  writeWorld(cwd);
  const run = join(cwd, 'run');
  mkdirSync(run);
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', run], { stdio: 'ignore' });
  } catch {
    console.log('a small file system: not tried, nothing may be mounted here');
    return [];
  }
  const wrong: string[] = [];
  try {
    const ended = await program(COMPILE, { main, cwd });
    if (ended.code !== 1 || !FULL.test(ended.stderr)) wrong.push(`a small disk: ${told(ended)}`);
    execFileSync('mount', ['-o', 'remount,size=64m', run]);
    const again = await program(COMPILE, { main, cwd });
    if (again.code !== 0) wrong.push(`a small disk that has grown: ${told(again)}`);
    const others = differences(expected, treeOf(run));
    if (others.length > 0) wrong.push(`a small disk: differs in ${others.join(', ')}`);
  } finally {
    execFileSync('umount', [run]);
  }
  console.log(`a file system of 256 kB, then of 64 MB: ${wrong.length} wrong`);
  return wrong;
}

/** The disk is full while items are changed: nothing is acknowledged that is not there. */
async function fullForItems({ main, folder, reference }: Whole): Promise<string[]> {
  const cwd = join(folder, 'full-items');
  cpSync(reference, cwd, { recursive: true });
  const batch = (i: number) => ({ upsert: [{ id: `new-${i}`, title: `purple boat ${i}`, price: i }] });
  const wrong: string[] = [];
  // Taking the lock and making the journal need some twenty moments.
  const server = await serve(main, cwd, { kind: 'full', at: 26, folder: 'run/serve' });
  if (!server) return ['the server did not start'];
  let accepted = 0;
  let refused = '';
  for (let i = 0; i < 30 && refused === ''; i++) {
    await send(server.url, batch(i)).then(
      () => accepted++,
      (error: unknown) => {
        refused = String(error);
      },
    );
  }
  if (!refused.includes('the disk is full')) wrong.push(`items on a full disk: ${refused || 'all accepted'}`);
  const before = await answersOf(server);
  server.child.kill('SIGTERM');
  await server.ended;
  const again = await serve(main, cwd);
  if (!again) return [...wrong, 'the server did not start again'];
  const { changes } = (await (await fetch(`${again.url}/v1/info`)).json()) as {
    changes: { accepted: number };
  };
  if (changes.accepted !== accepted) wrong.push(`${accepted} acknowledged, ${changes.accepted} there`);
  if ((await answersOf(again)) !== before) wrong.push('other answers after the disk was full');
  again.child.kill('SIGTERM');
  await again.ended;
  console.log(`disk full under item changes: ${accepted} acknowledged, then refused; ${wrong.length} wrong`);
  return wrong;
}

/** Nobody: may read, but not write. */
const NOBODY = 65534;

export async function readOnly({ main, folder, reference }: Whole): Promise<string[]> {
  if (process.getuid?.() !== 0) {
    console.log('a folder that may not be written: not tried, it needs another user to be');
    return [];
  }
  chmodSync(folder, 0o755);
  const cwd = join(folder, 'read-only');
  cpSync(reference, cwd, { recursive: true });
  const out = join(cwd, 'out');
  mkdirSync(out);
  chmodSync(out, 0o777);
  const asNobody = { main, cwd, uid: NOBODY };
  const wrong: string[] = [];
  const expect = async (args: readonly string[], code: number, said: RegExp) => {
    const ended = await program(args, asNobody);
    if (ended.code !== code || !said.test(ended.stderr)) wrong.push(`${args[0]}, read-only: ${told(ended)}`);
  };
  const before = treeOf(join(cwd, 'run'));
  await expect(['search', 'run', 'boot for red days'], 0, /^/);
  await expect(['info', 'run'], 0, /^/);
  await expect(['export', 'run', '--out', 'out/export'], 0, /^/);
  await expect(
    ['evaluate', 'run', '--out', 'out/report'],
    0,
    /may not be written.*only the run does not know/,
  );
  await expect(['evaluate', 'run'], 1, /run\/evaluate.*may not be written; check the permissions/);
  await expect(['export', 'run', '--out', 'export'], 1, /export.*may not be written; check the permissions/);
  await expect(COMPILE, 1, /run\/run\.lock: may not be written; check the permissions/);
  const others = differences(before, treeOf(join(cwd, 'run')));
  if (others.length > 0) wrong.push(`read-only: ${others.join(', ')} changed`);
  console.log(`a folder that may not be written, 7 commands: ${wrong.length} wrong`);
  return wrong;
}

/** Several compilations of one folder at once, and beside them what a dead one has left. */
async function together({ main, folder, expected }: Whole, rounds = 5): Promise<string[]> {
  const wrong: string[] = [];
  for (let round = 0; round < rounds; round++) {
    const cwd = join(folder, 'together');
    rmSync(cwd, { recursive: true, force: true });
    writeWorld(cwd);
    if (round % 2 === 1) {
      mkdirSync(join(cwd, 'run'));
      await program(COMPILE, { main, cwd, fault: { kind: 'before', at: 60 } });
    }
    const all = await Promise.all([0, 1, 2].map(() => start(COMPILE, { main, cwd }).ended));
    const winners = all.filter(({ code }) => code === 0);
    const losers = all.filter(({ code, stderr }) => code === 2 && stderr.includes('is working on this run'));
    // One that comes when the first has ended finds everything done.
    if (winners.length === 0 || winners.length + losers.length !== 3)
      wrong.push(`together: ${all.map(told).join('; ')}`);
    const others = differences(expected, treeOf(join(cwd, 'run')));
    if (others.length > 0) wrong.push(`together: differs in ${others.join(', ')}`);
  }
  console.log(`three compilations of one folder at once, ${rounds} times: ${wrong.length} wrong`);
  return wrong;
}
