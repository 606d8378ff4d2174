import { cpSync, existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeAll, expect, it, vi } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { writeSealedJson } from '../checksums.js';
import { RunFetchError } from '../errors.js';
import { letterEncoder } from '../policy/testing/world.js';
import { Retriever } from '../retrieve/retriever.js';
import { type FolderServer, serveFolder } from '../serve/testing/folderServer.js';
import { CONFIG, compileTiny, SETS } from '../serve/testing/tinyRun.js';
import { RemoteRun, type RemoteRunOptions } from './remoteRun.js';
import { RunFolder } from './runFolder.js';

const temp = tempFolder();
let run: string;
let store: FolderServer | undefined;
beforeAll(async () => {
  run = await compileTiny(temp, { sets: SETS });
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await store?.close();
  store = undefined;
});

let caches = 0;
/** A store with a copy of the run, and an empty cache. */
async function open(options: RemoteRunOptions & { query?: string } = {}) {
  const folder = temp.path(`store-${caches}`);
  const cache = temp.path(`cache-${caches++}`);
  cpSync(run, folder, { recursive: true });
  store = await serveFolder(folder);
  const address = `${store.url}/${options.query ?? ''}`;
  return { store, folder, cache, address, remote: new RemoteRun(address, { cache, ...options }) };
}

const VECTORS = 'encode/vectors.safetensors';

it('is a verified copy, of which nothing is fetched twice', async () => {
  const { store, remote, cache, address } = await open();
  const seen: number[] = [];
  const copy = await remote.fetch({ onProgress: ({ done, total }) => void seen.push(done / total) });
  const { stages } = (await RunFolder.open(copy)).manifest;
  const files = Object.entries(stages).flatMap(([stage, { files }]) =>
    Object.keys(files).map((n) => join(stage, n)),
  );
  for (const file of files) expect(readFileSync(join(copy, file))).toEqual(readFileSync(join(run, file)));
  expect(store.asked).toHaveLength(1 + files.length);
  expect(seen.at(-1)).toBe(1);
  expect(copy).toMatch(/\/shop$/);
  // As after a crash: one file is damaged, one is gone, the manifest is not there yet.
  writeFileSync(join(copy, VECTORS), 'torn');
  rmSync(join(copy, 'encode/items.jsonl'));
  rmSync(join(copy, 'run.json'));
  store.asked.length = 0;
  expect(await new RemoteRun(address, { cache }).fetch()).toBe(copy);
  expect(store.asked.map(({ path }) => path).sort()).toEqual(['encode/items.jsonl', VECTORS, 'run.json']);
});

it('answers as the folder does', async () => {
  const { address, cache } = await open();
  vi.stubEnv('R4T_CACHE', cache);
  const ask = async (place: string) => {
    await using retriever = await Retriever.load(place, { encoder: letterEncoder, threads: 1 });
    return (await retriever.search('camping', { k: 5 })).items;
  };
  expect(await ask(address)).toEqual(await ask(run));
});

it('names the file that is another, is missing or is refused, and keeps no copy of it', async () => {
  const { store, folder, remote, cache } = await open();
  const failure = () => remote.fetch().catch((error: unknown) => error);
  const whole = readFileSync(join(folder, VECTORS));
  const file = `${store.url}/${VECTORS}`;
  for (const [bytes, problem] of [
    [Buffer.from(whole).fill(7, 200, 210), 'holds other bytes than'],
    [whole.subarray(0, 100), 'is of another length than'],
    [Buffer.concat([whole, whole]), 'is of another length than'],
  ] as const) {
    writeFileSync(join(folder, VECTORS), bytes);
    const error = await failure();
    expect(error).toBeInstanceOf(RunFetchError);
    expect(error).toMatchObject({ file, message: expect.stringContaining(`${file}: ${problem}`) });
  }
  for (const [status, advice] of [
    [404, 'upload the whole folder'],
    [403, 'R4T_RUN_TOKEN'],
    [500, 'try again later'],
  ] as const) {
    store.answer = (path, response) => path === VECTORS && Boolean(response.writeHead(status).end());
    expect(await failure()).toMatchObject({ file, status, message: expect.stringContaining(advice) });
  }
  store.answer = (path, response) => path === VECTORS && Boolean(response.destroy());
  expect(await failure()).toMatchObject({ file, name: 'RunFetchError' });
  const left = readdirSync(cache, { recursive: true }).map(String);
  expect(left.filter((name) => name.includes('vectors.safetensors') || name.endsWith('run.json'))).toEqual(
    [],
  );
  store.answer = (_, response) => Boolean(response.writeHead(404).end());
  await expect(remote.fetch()).rejects.toThrow('run.json: is not there; give the address of a folder');
});

it('asks once more where a connection is closed before there is an answer', async () => {
  const { store, remote } = await open();
  const closed = new Set<string>();
  store.answer = (path, response) => {
    if (closed.has(path)) return false;
    closed.add(path);
    return Boolean(response.destroy());
  };
  const copy = await remote.fetch();
  expect(existsSync(join(copy, 'run.json'))).toBe(true);
  expect(closed.size).toBeGreaterThan(1);
});

it('writes nowhere but into its copy, whatever the manifest says', async () => {
  const { folder, remote, cache } = await open();
  for (const name of ['../../../../escaped', '/tmp/escaped', 'a/../../b', 'c\\d', '']) {
    const { manifest } = await RunFolder.open(run);
    const encode = { ...manifest.stages.encode, files: { [name]: { bytes: 1, sha256: 'x' } } };
    await writeSealedJson(join(folder, 'run.json'), { ...manifest, stages: { encode } });
    await expect(remote.fetch()).rejects.toThrow('which is no path in a run');
  }
  expect(existsSync(cache)).toBe(false);
});

it('asks for the manifest only where it has changed', async () => {
  const { store, folder, remote } = await open();
  const first = await remote.signature();
  expect(await remote.signature()).toBe(first);
  expect(store.asked.map(({ status }) => status)).toEqual([200, 304]);
  const text = readFileSync(join(folder, 'run.json'), 'utf8');
  writeFileSync(join(folder, 'run.json'), `${text}\n`);
  expect(await remote.signature()).not.toBe(first);
});

it('stops when it is told to', async () => {
  const { store, remote } = await open();
  const stop = new AbortController();
  store.answer = (path) => {
    if (path !== VECTORS) return false;
    // Never answered.
    stop.abort(new Error('enough'));
    return true;
  };
  await expect(remote.fetch({ signal: stop.signal })).rejects.toThrow('enough');
});

it('sends the token and the query with every file, and shows neither', async () => {
  const { store, folder, remote } = await open({ token: 'secret-token', query: '?sig=secret-query' });
  expect(remote.shown).toBe(store.url);
  await remote.fetch();
  for (const { headers } of store.asked) expect(headers.authorization).toBe('Bearer secret-token');
  writeFileSync(join(folder, VECTORS), 'x');
  const again = new RemoteRun(`${store.url}?sig=secret-query`, { cache: temp.path('other') });
  expect(String(await again.fetch().catch((error: unknown) => error))).not.toContain('secret');
  const withPassword = store.url.replace('http://', 'http://me:secret@');
  expect(() => new RemoteRun(withPassword)).toThrow(/^http:\/\/127[^@]*: holds a password; give a token/);
});

it('keeps the copies of the last day', async () => {
  const { folder, remote } = await open();
  const first = await remote.fetch();
  const next = await compileTiny(temp, { out: 'next', sets: SETS, config: { ...CONFIG, seed: 3 } });
  cpSync(next, folder, { recursive: true });
  const second = await remote.fetch();
  expect(existsSync(first)).toBe(true);
  const old = new Date(Date.now() - 25 * 3600 * 1000);
  utimesSync(dirname(first), old, old);
  expect(await remote.fetch()).toBe(second);
  expect(existsSync(first)).toBe(false);
});
