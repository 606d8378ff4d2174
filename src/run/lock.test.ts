import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { acquireLock, isLocked } from './lock.js';

const temp = tempFolder();
let locks = 0;
/** A lock in a folder of its own. */
const newLock = () => {
  const folder = temp.path(`lock-${locks++}`);
  mkdirSync(folder);
  return join(folder, 'held.lock');
};
const filesBeside = (file: string) => readdirSync(dirname(file));
const dead = JSON.stringify({ pid: 2 ** 30, host: hostname() });

it('is held by one at a time, whoever finds it stale or released', async () => {
  // The name must never be free while somebody replaces what a dead process left: then two would get it now and then.
  for (let round = 0; round < 20; round++) {
    const file = newLock();
    writeFileSync(file, dead);
    let [holders, most, taken] = [0, 0, 0];
    const contend = async () => {
      for (let attempt = 0; attempt < 4; attempt++) {
        const lock = await acquireLock(file).catch((error: Error) => {
          expect(error.name).toBe('InputError');
        });
        if (!lock) continue;
        taken++;
        most = Math.max(most, ++holders);
        for (let turn = 0; turn < attempt; turn++) await new Promise(setImmediate);
        holders--;
        // Every other one dies with the lock.
        if (taken % 2) await lock.release();
        else writeFileSync(file, dead);
      }
    };
    await Promise.all(Array.from({ length: 8 }, contend));
    expect(most).toBe(1);
    expect(filesBeside(file).filter((name) => name !== 'held.lock')).toEqual([]);
  }
});

it('is taken over though another process died while it took it over', async () => {
  const file = newLock();
  writeFileSync(file, dead);
  for (const left of ['.takeover', '.takeover.takeover']) writeFileSync(`${file}${left}`, dead);
  const lock = await acquireLock(file);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ pid: process.pid, host: hostname() });
  expect(filesBeside(file)).toEqual(['held.lock']);
  await lock.release();
  expect(filesBeside(file)).toEqual([]);
});

it('is left to whoever takes it over now', async () => {
  const file = newLock();
  writeFileSync(file, dead);
  const turn = `${file}.takeover`;
  writeFileSync(turn, JSON.stringify({ pid: 1, host: 'elsewhere' }));
  await expect(acquireLock(file)).rejects.toMatchObject({
    name: 'InputError',
    file: turn,
    message: expect.stringContaining('process 1 on elsewhere is working on this run'),
  });
  expect(readFileSync(file, 'utf8')).toBe(dead);
});

it('is released once: afterwards it may be held by another', async () => {
  const file = newLock();
  const lock = await acquireLock(file);
  await lock.release();
  const other = await acquireLock(file);
  await lock.release();
  await lock[Symbol.asyncDispose]();
  expect(await isLocked(file)).toBe(true);
  await other.release();
  expect(await isLocked(file)).toBe(false);
});

it('says what to do about a link to nowhere', async () => {
  const file = `${newLock()}.link`;
  symlinkSync('nowhere', file);
  await expect(acquireLock(file)).rejects.toMatchObject({ name: 'InputError', file });
});
