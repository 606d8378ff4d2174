import { readdirSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { InputError } from '../errors.js';
import type { Progress } from '../progress.js';
import { compileTiny, ITEMS } from '../serve/testing/tinyRun.js';
import { memoryEngine } from '../vectorIndex/engines/testing/memoryEngine.js';
import { pushRun } from './pushRun.js';

const temp = tempFolder();
const encode = (out: string, items: readonly object[] = ITEMS, force = false) =>
  compileTiny(temp, { out, items, stage: 'encode', force });

it('brings items, vectors and what filters read', async () => {
  const run = await encode('all');
  const engine = memoryEngine({ batch: 7 });
  const told: Progress[] = [];
  expect(await pushRun(run, engine, { onProgress: (progress) => told.push(progress) })).toEqual({
    items: 20,
    sent: 20,
  });
  expect(told.map(({ done, total }) => `${done}/${total}`)).toEqual(['0/20', '7/20', '14/20', '20/20']);
  const tent = engine.documents.get('red-tent')!;
  expect(tent).toMatchObject({ title: 'red tent', numbers: { price: 30 } });
  expect(tent.terms).toEqual(
    expect.arrayContaining(['color', 'color=red', 'category=tent', 'price=30', 'id=red-tent']),
  );
  expect(tent.vector).toHaveLength(8);
  // Again, there is nothing to do.
  expect(await pushRun(run, engine)).toEqual({ items: 20, sent: 0 });
});

it('goes on after the last batch that the engine acknowledged', async () => {
  const run = await encode('stopped');
  const engine = memoryEngine({ batch: 6 });
  const stop = new AbortController();
  const stopped = pushRun(run, engine, {
    signal: stop.signal,
    onProgress: ({ done }) => done === 12 && stop.abort(new Error('stopped')),
  });
  await expect(stopped).rejects.toThrow('stopped');
  expect(engine.documents.size).toBe(18);
  expect(await pushRun(run, engine)).toEqual({ items: 20, sent: 2 });
  expect(engine.batches).toBe(4);
  expect([...engine.documents.keys()].sort()).toEqual(ITEMS.map(({ id }) => id).sort());
});

it('sends a batch again whose acknowledgement did not arrive', async () => {
  const run = await encode('lost');
  const engine = memoryEngine({ batch: 6 });
  const { upsert } = engine;
  const losing = {
    ...engine,
    async upsert(documents: Parameters<typeof upsert>[0]) {
      await upsert(documents);
      if (engine.batches === 2) throw new Error('the connection broke');
    },
  };
  await expect(pushRun(run, losing)).rejects.toThrow('the connection broke');
  expect(await pushRun(run, engine)).toEqual({ items: 20, sent: 14 });
  expect(engine.documents.size).toBe(20);
});

it('starts anew where the collection was made anew, or the ledger cannot be read', async () => {
  const run = await encode('anew');
  const engine = memoryEngine();
  await pushRun(run, engine);
  await engine.drop();
  expect(await pushRun(run, engine)).toEqual({ items: 20, sent: 20 });
  const [ledger] = readdirSync(temp.path('anew', 'push'));
  expect(JSON.parse(readFileSync(temp.path('anew', 'push', ledger), 'utf8'))).toMatchObject({
    to: engine.name,
    done: 20,
  });
  temp.write(`anew/push/${ledger}`, '{"done": 1');
  expect(await pushRun(run, engine)).toEqual({ items: 20, sent: 20 });
});

it('removes what the catalog has no more', async () => {
  const engine = memoryEngine();
  const run = await encode('changed');
  await pushRun(run, engine);
  await encode('changed', ITEMS.slice(0, 12), true);
  expect(await pushRun(run, engine)).toEqual({ items: 12, sent: 12 });
  expect(engine.documents.size).toBe(12);
});

it('makes an index of words where it is asked to, also of items that are there', async () => {
  const run = await encode('words');
  const engine = memoryEngine();
  await pushRun(run, engine);
  expect((await engine.info())?.words).toBe(false);
  expect(await pushRun(run, engine, { words: 'english' })).toEqual({ items: 20, sent: 0 });
  expect((await engine.info())?.words).toBe(true);
  const { searchWords: _, ...mute } = memoryEngine();
  await expect(pushRun(run, mute, { words: 'english' })).rejects.toThrow(
    'field "--words": memory://here/items cannot be searched by words from here; leave it out',
  );
});

it('refuses a collection of other vectors and a run without any', async () => {
  const engine = memoryEngine();
  await engine.create({ dim: 3, numbers: [] });
  const run = await encode('other');
  await expect(pushRun(run, engine)).rejects.toThrow(
    'memory://here/items holds vectors of length 3, the run has 8; name another collection',
  );
  await expect(pushRun(temp.path('nowhere'), engine)).rejects.toThrow(InputError);
});
