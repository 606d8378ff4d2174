import { chmodSync, mkdirSync, readdirSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { tempFolder } from './catalog/testing/tempFolder.js';
import { InputError, R4tError } from './errors.js';
import { readJson, realPath, writeFileAtomic, writeJson } from './files.js';

const temp = tempFolder();

afterEach(() => {
  vi.restoreAllMocks();
});

/** The class of node's file handles is not exported. */
async function fileHandlePrototype() {
  const handle = await open(temp.write('probe', ''));
  await handle.close();
  return Object.getPrototypeOf(handle) as typeof handle;
}

it('writes and replaces files, making folders', async () => {
  const file = temp.path('deep', 'er', 'a.txt');
  await writeFileAtomic(file, 'one');
  await writeFileAtomic(file, new Uint8Array([116, 119, 111]));
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(readdirSync(temp.path('deep', 'er'))).toEqual(['a.txt']);
});

it.each(['writeFile', 'sync'] as const)('keeps the old file when the disk is full at %s', async (method) => {
  const file = temp.path('full', 'a.txt');
  await writeFileAtomic(file, 'old');
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  vi.spyOn(await fileHandlePrototype(), method).mockRejectedValue(full);
  const writing = writeFileAtomic(file, 'new');
  await expect(writing).rejects.toThrow(`${file}: the disk is full; free some space and run again`);
  await expect(writing).rejects.toBeInstanceOf(R4tError);
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(temp.path('full'))).toEqual(['a.txt']);
});

it('says that a place cannot be written', async () => {
  const file = temp.write('plain', '');
  await expect(writeFileAtomic(`${file}/a.txt`, '')).rejects.toThrow('lies inside a file, not a folder');
  await writeFileAtomic(temp.path('folder', 'a'), '');
  await expect(writeFileAtomic(temp.path('folder'), '')).rejects.toThrow('is a folder; choose another name');
});

it.skipIf(process.getuid?.() === 0)('says that a place may not be written', async () => {
  await writeFileAtomic(temp.path('locked', 'a'), '');
  chmodSync(temp.path('locked'), 0o500);
  await expect(writeFileAtomic(temp.path('locked', 'b'), '')).rejects.toThrow('may not be written');
  chmodSync(temp.path('locked'), 0o700);
});

it('passes other errors on', async () => {
  const bug = new TypeError('a bug');
  vi.spyOn(await fileHandlePrototype(), 'writeFile').mockRejectedValue(bug);
  await expect(writeFileAtomic(temp.path('b.txt'), 'x')).rejects.toBe(bug);
});

it('reads back the JSON it writes', async () => {
  const file = temp.path('a.json');
  await writeJson(file, { a: [1, null] });
  expect(await readJson(file)).toEqual({ a: [1, null] });
});

it('refuses missing and malformed JSON', async () => {
  await expect(readJson(temp.path('none.json'))).rejects.toThrow('none.json: does not exist');
  const reading = readJson(temp.write('bad.json', '{\n"a": }'));
  await expect(reading).rejects.toThrow(/bad\.json: is not valid JSON \(.*\)$/);
  await expect(reading).rejects.toBeInstanceOf(InputError);
});

it('follows links, also to what is still to be made', async () => {
  mkdirSync(temp.path('data', 'runs'), { recursive: true });
  symlinkSync(temp.path('data', 'runs'), temp.path('link'));
  const real = realpathSync(temp.path('data', 'runs'));
  expect(await realPath(temp.path('link'))).toBe(real);
  expect(await realPath(temp.path('link', 'new', 'run'))).toBe(join(real, 'new', 'run'));
});
