import { beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { compile } from '../compile/compile.js';
import { TEXTS } from '../policy/testing/scene.js';
import { letterEncoder } from '../policy/testing/world.js';
import type { UserConfig } from '../run/config.js';
import { COMPARED } from './compareMethods.js';
import { compareRun } from './compareRun.js';

const temp = tempFolder();
const config: UserConfig = {
  k: 3,
  dimensions: 8,
  threads: 1,
  policy: { vocabularySize: 300, width: 16, layers: 1, heads: 2, warmStartSteps: 2, steps: 1, groupSize: 2 },
  synthesis: { samplesPerQuery: 1 },
  diffusion: { steps: 2, batchSize: 4 },
};
const catalog = temp.write(
  'catalog.jsonl',
  TEXTS.map((title, i) => ({ id: i, title })),
);
const options = { encoder: letterEncoder, threads: 1 };

/** A run whose queries are one for each split named. */
async function compiled(name: string, splits: readonly string[], stage?: 'synthesis'): Promise<string> {
  const lines = splits.map((split, i) => ({ query: `${split} query ${i}`, split }));
  const queries = temp.write(`${name}.jsonl`, lines);
  const out = temp.path(name);
  await compile({ catalog, queries, out, config, encoder: letterEncoder, stage });
  return out;
}

let run: string;
beforeAll(async () => {
  run = await compiled('run', ['train', 'valid', 'test', 'train', 'test', 'test']);
});

it('compares all methods on the test queries of a run, the same at every call', async () => {
  const first = await compareRun(run, options);
  const texts = ['test query 2', 'test query 4', 'test query 5'];
  expect(first.test.texts).toEqual(texts);
  expect(first.queries).toBe(3);
  for (const name of COMPARED) {
    expect(first.sets[name].map(({ assigned }) => new Set(assigned.map(({ item }) => item)).size)).toEqual([
      3, 3, 3,
    ]);
    for (const value of Object.values(first.methods[name])) expect(Number.isFinite(value)).toBe(true);
  }
  const { sets, test } = await compareRun(run, { ...options, limit: 2 });
  expect(test.texts).toEqual(texts.slice(0, 2));
  for (const name of COMPARED) expect(sets[name]).toEqual(first.sets[name].slice(0, 2));
});

it('takes a reward of your own for Best-of-N', async () => {
  const seen: string[] = [];
  const reward = ({ query }: { readonly query: string }) => seen.push(query);
  await compareRun(run, { ...options, limit: 1, reward });
  expect(new Set(seen)).toEqual(new Set(['test query 2']));
});

it.each([
  ['without test queries', ['train', 'valid'], undefined, 'has no test queries to compare on'],
  [
    'without validation queries',
    ['train', 'test'],
    undefined,
    'has no validation queries to tune MMR and DPP on',
  ],
  [
    'that is not finished',
    ['train', 'test'],
    'synthesis',
    'is not compiled to the end; run r4t compile again',
  ],
] as const)('refuses a run %s', async (name, splits, stage, problem) => {
  const out = await compiled(name, splits, stage);
  await expect(compareRun(out, options)).rejects.toMatchObject({
    name: 'InputError',
    message: `${out}: ${problem}`,
  });
});
