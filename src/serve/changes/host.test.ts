import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { letterEncoder } from '../../policy/testing/world.js';
import { RunEngine } from '../engine/runEngine.js';
import { serveFolder } from '../testing/folderServer.js';
import { CONFIG, compileTiny, ITEMS, SETS } from '../testing/tinyRun.js';
import { RunHost } from './host.js';

const temp = tempFolder();
const hosts: RunHost[] = [];
afterEach(async () => {
  for (const host of hosts.splice(0)) await host.close();
});

/** A host whose engines can be made to die. */
async function open(folder: string) {
  const errors: string[] = [];
  const reloads: string[] = [];
  const kills: ((error: Error) => void)[] = [];
  const host = await RunHost.open({
    run: folder,
    async start(run) {
      const engine = await RunEngine.load(run, { encoder: letterEncoder, threads: 1 });
      const died = new Promise<Error>((resolve) => kills.push(resolve));
      return Object.assign(engine, { died });
    },
    onError: (message) => void errors.push(message),
    onReload: (outcome, detail) => void reloads.push(`${outcome} ${detail}`),
  });
  hosts.push(host);
  return { host, errors, reloads, kills };
}

const item = (id: string) => ({ id, title: id });
const ids = async (host: RunHost) => (await host.engine.map(100)).ids;
const settled = (host: RunHost) => expect.poll(() => host.changes.pending, { timeout: 20_000 }).toBe(0);
const compiled = ITEMS.map(({ id }) => id);

it('starts the engine again when it dies, with every change', async () => {
  const { host, errors, kills } = await open(await compileTiny(temp, { stage: 'encode' }));
  await host.accept({ upsert: [item('new')], delete: ['red-chair'] });
  await settled(host);
  const before = host.engine;
  kills[0](new Error('out of memory'));
  await expect.poll(() => host.ready && host.engine !== before, { timeout: 20_000 }).toBe(true);
  expect(errors).toEqual(['the search thread ended; it is started again']);
  expect(await ids(host)).toEqual([...compiled.filter((id) => id !== 'red-chair'), 'new']);
  expect(host.changes).toEqual({ accepted: 2, visible: 2, pending: 0, failed: 0 });
});

it('sees a run of another catalog in its place, and keeps the changes which that cannot know', async () => {
  const out = 'replaced';
  const folder = await compileTiny(temp, { out, stage: 'encode' });
  const { host, reloads } = await open(folder);
  await host.accept({ upsert: [item('early')] });
  await settled(host);
  const items = [...ITEMS, { id: 'early', title: 'early' }, { id: 'other', title: 'other' }];
  await compileTiny(temp, { out, items, stage: 'encode', force: true });
  await host.accept({ upsert: [item('late')] });
  host.watch(20);
  await expect.poll(() => reloads, { timeout: 20_000 }).toHaveLength(1);
  expect(reloads[0]).toMatch(/^done replaced /);
  expect(await ids(host)).toEqual([...compiled, 'early', 'other', 'late']);
  expect((await host.engine.state()).drift).toMatchObject({ added: 1, updated: 0 });
  expect(await host.accept({ upsert: [item('last')] })).toEqual({ accepted: 1, sequence: 3 });
});

it('does not give a whole run up for one that is still being compiled', async () => {
  const out = 'trained';
  const folder = await compileTiny(temp, { out });
  const { host, reloads } = await open(folder);
  const { run } = host.facts;
  await compileTiny(temp, { out, config: { ...CONFIG, seed: 9 }, stage: 'encode', force: true });
  host.watch(10);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(host.facts.run).toEqual(run);
  await compileTiny(temp, { out, config: { ...CONFIG, seed: 9 } });
  await expect.poll(() => host.facts.run.id !== run.id, { timeout: 20_000 }).toBe(true);
  // Nor is it loaded again because its manifest was touched.
  const now = new Date();
  utimesSync(join(folder, 'run.json'), now, now);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(reloads).toHaveLength(1);
});

it('lets one server at a time write the changes of a run', async () => {
  const folder = await compileTiny(temp, { out: 'shared', stage: 'encode' });
  const first = await open(folder);
  await first.host.accept({ upsert: [item('new')] });
  const second = await open(folder);
  expect(await ids(second.host)).toContain('new');
  await expect(second.host.accept({ upsert: [item('x')] })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/^items cannot be changed here: .*process \d+ is working on this run/),
  });
});

it('finds items that came later by models that choose among candidates, and never those that are gone', async () => {
  const { host } = await open(await compileTiny(temp, { out: 'live', sets: SETS }));
  const found = async (query: string, job: object = {}) => {
    const jobs = (['folm', 'diffusion'] as const).map((method) => ({ query, method, k: 100, ...job }));
    const { results } = await host.engine.search(jobs, 10_000);
    return results.map((result) => {
      if (!('set' in result)) throw new Error(JSON.stringify(result));
      expect(result.set.fallback).toBeUndefined();
      return result.set.items.map(({ id }) => id);
    });
  };
  const late = { id: 'new', title: 'silver tent', color: 'silver' };
  await host.accept({ upsert: [late], delete: ['red-chair'] });
  await settled(host);
  const living = [...compiled.filter((id) => id !== 'red-chair'), 'new'].sort();
  for (const ids of await found('sitting')) expect([...ids].sort()).toEqual(living);
  for (const ids of await found('camping', { filter: ['color=silver'] })) expect(ids).toEqual(['new']);
  // No other item has both words.
  const [folm] = await found('silver tent', { k: 10 });
  expect(folm).toContain('new');
  await host.accept({ delete: ['new'] });
  await settled(host);
  for (const ids of await found('silver tent')) expect(ids).not.toContain('new');
});

it('serves the run at an address, and sees another one there, once it is whole', async () => {
  vi.stubEnv('R4T_CACHE', temp.path('cache'));
  const first = await compileTiny(temp, { out: 'remote-1', stage: 'encode' });
  const second = await compileTiny(temp, { out: 'remote-2', items: ITEMS.slice(3), stage: 'encode' });
  const store = await serveFolder(first);
  try {
    const { host, reloads } = await open(store.url);
    expect(await ids(host)).toEqual(compiled);
    expect(host.facts.run.name).toBe('shop');
    // What would be lost with the copy is not taken.
    await expect(host.accept({ upsert: [item('new')] })).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('--changes'),
    });
    host.watch(20, { spread: 0 });
    store.answer = (path, response) => path.endsWith('items.jsonl') && Boolean(response.writeHead(404).end());
    store.folder = second;
    await expect.poll(() => reloads, { timeout: 20_000 }).toHaveLength(1);
    expect(reloads[0]).toMatch(/^failed .*items\.jsonl: cannot be fetched, the server answers 404/);
    expect(await ids(host)).toEqual(compiled);
    store.answer = undefined;
    expect(await host.reload()).toMatchObject({ changed: true });
    expect(await ids(host)).toEqual(compiled.slice(3));
  } finally {
    await store.close();
    vi.unstubAllEnvs();
  }
});

it('waits by lot to load what all who watch an address see, and not when it is told', async () => {
  vi.stubEnv('R4T_CACHE', temp.path('cache-spread'));
  const run = (out: string, from: number) =>
    compileTiny(temp, { out, items: ITEMS.slice(from), stage: 'encode' });
  const [first, second, third] = [await run('lot-1', 0), await run('lot-2', 3), await run('lot-3', 6)];
  const store = await serveFolder(first);
  const lot = vi.spyOn(Math, 'random').mockReturnValue(0.5);
  try {
    const { host, reloads } = await open(store.url);
    const spread = 1000;
    host.watch(10, { spread });
    const started = performance.now();
    store.folder = second;
    await expect.poll(() => lot.mock.calls.length, { interval: 5, timeout: 20_000 }).toBe(1);
    await expect.poll(() => reloads, { interval: 5, timeout: 20_000 }).toHaveLength(1);
    expect(performance.now() - started).toBeGreaterThan(0.5 * spread);
    expect(await ids(host)).toEqual(compiled.slice(3));
    lot.mockReturnValue(1);
    host.watch(10, { spread: 60_000 });
    store.folder = third;
    await expect.poll(() => lot.mock.calls.length, { interval: 5, timeout: 20_000 }).toBe(2);
    expect(await host.reload()).toMatchObject({ changed: true });
    expect(await ids(host)).toEqual(compiled.slice(6));
  } finally {
    lot.mockRestore();
    await store.close();
    vi.unstubAllEnvs();
  }
});
