/** Encoder, index, policy and reward from outside the package, through everything that uses them. */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { type CompileOptions, compile } from '../compile/compile.js';
import { letterEncoder } from '../encode/testing/letterEncoder.js';
import { evaluateRun } from '../evaluate/evaluateRun.js';
import type { Encoder, Policy, RewardFunction, VectorIndex } from '../index.js';
import { Retriever } from '../retrieve/retriever.js';
import { RunEngine } from '../serve/engine/runEngine.js';
import { WorkerEngine } from '../serve/engine/workerEngine.js';
import { CONFIG, ITEMS } from '../serve/testing/tinyRun.js';
import { plainIndex } from '../vectorIndex/testing/plainIndex.js';
import { loadConfig } from './loadConfig.js';
import { RunFolder } from './runFolder.js';
import { readMatrix } from './spaceFiles.js';

const temp = tempFolder();
const { policy: _, ...SETTINGS } = CONFIG;

/** What a user would write, with nothing but the package's public types. */
const MODULES = {
  'encoder.ts': `
import type { Encoder } from 'r4t';
export default {
  id: 'mine',
  dim: 32,
  async encode(texts) {
    const data = new Float32Array(texts.length * 32);
    texts.forEach((text, i) => {
      const row = data.subarray(i * 32, (i + 1) * 32);
      for (const letter of text) row[letter.codePointAt(0)! % 32]++;
      const norm = Math.hypot(...row) || 1;
      for (let j = 0; j < 32; j++) row[j] /= norm;
    });
    return { rows: texts.length, cols: 32, data };
  },
} satisfies Encoder;`,
  // Never finds the red tent, which tells it from any other index.
  'index.ts': `
import { ExactIndex, type IndexModuleOptions, type VectorIndex } from 'r4t';
export default async ({ vectors, items }: IndexModuleOptions): Promise<VectorIndex> => {
  const exact = await ExactIndex.create({ vectors, threads: 1 });
  const shown = Uint8Array.from(items, ({ id }) => Number(id !== 'red-tent'));
  return {
    size: exact.size,
    dim: exact.dim,
    search: (directions, { k, mask }) =>
      exact.search(directions, { k, mask: mask ? mask.map((byte, i) => byte & shown[i]) : shown }),
    release: () => exact.release(),
  };
};`,
  'policy.ts': `
import type { Policy, PolicyModuleOptions, RetrievalWorld } from 'r4t';
export default async (world: RetrievalWorld, { k }: PolicyModuleOptions): Promise<Policy> => {
  const things = [...new Set(world.items.map(({ category }) => category))].slice(0, k);
  return {
    k,
    async sample({ queries, samplesPerQuery = 1 }) {
      return queries.flatMap((text, query) =>
        Array.from({ length: samplesPerQuery }, () => ({
          query,
          subQueries: things.map((thing) => text + ' ' + thing),
          tokens: new Int32Array(),
          logProbs: new Float32Array(),
          entropies: new Float32Array(),
        })),
      );
    },
  };
};`,
  'reward.ts': `
import type { RewardFunction } from 'r4t';
const reward: RewardFunction = ({ subQueries, query }) =>
  subQueries.every((text) => text.startsWith(query)) ? 0.75 : 0;
export default reward;`,
};
const BY_PATH = Object.fromEntries(
  ['encoder', 'index', 'policy', 'reward'].map((name) => [name, { kind: 'module', path: `./${name}.ts` }]),
);

function options(folder: string): CompileOptions {
  const queries = ['red', 'blue', 'lamp', 'green'].map((query) => ({ query, split: 'train' }));
  const heldOut = [
    { query: 'golden', split: 'valid' },
    { query: 'boot', split: 'test' },
  ];
  return {
    catalog: temp.write(`${folder}-catalog.jsonl`, ITEMS),
    queries: temp.write(`${folder}-queries.jsonl`, [...queries, ...heldOut]),
    out: temp.path(`${folder}-run`),
  };
}

const THINGS = ['chair', 'table', 'lamp', 'tent'];
const STAGES = ['encode', 'warm-start', 'policy', 'synthesis', 'diffusion'] as const;

describe('as modules in the config', () => {
  const whole = options('modules');
  const file = () => temp.write('r4t.config.json', JSON.stringify({ ...SETTINGS, ...BY_PATH }));
  const run = whole.out;

  beforeAll(async () => {
    for (const [name, source] of Object.entries(MODULES)) temp.write(name, source);
    await compile({ ...whole, config: await loadConfig(file()) });
  }, 60_000);

  it('are compiled with, and nothing is trained but the diffusion', async () => {
    const folder = await RunFolder.open(run);
    expect(folder.manifest).toMatchObject({
      encoder: 'mine',
      config: {
        index: { path: '../index.ts' },
        policy: { kind: 'module' },
        reward: { path: '../reward.ts' },
      },
      modules: { policy: { file: '../policy.ts' }, reward: { sha256: expect.any(String) } },
    });
    expect(STAGES.map((stage) => folder.stageDone(stage)?.own)).toEqual([
      undefined,
      true,
      true,
      undefined,
      undefined,
    ]);
    expect(folder.stageDone('synthesis')?.meanReward).toBe(0.75);
  });

  it('are searched with', async () => {
    await using retriever = await Retriever.load(run, { threads: 1 });
    const [nearest] = (await retriever.search('red tent', { method: 'plain' })).items;
    expect(nearest.id).not.toBe('red-tent');
    const { items, method, fallback } = await retriever.search('red', { method: 'folm' });
    expect([method, fallback]).toEqual(['folm', undefined]);
    for (const { subQuery } of items) expect(THINGS.map((thing) => `red ${thing}`)).toContain(subQuery);
    expect((await retriever.search('red', { method: 'diffusion' })).items).toHaveLength(4);
  });

  it('are served by the search thread', async () => {
    const engine = await WorkerEngine.load({ folder: run, threads: 1 });
    const jobs = [
      { query: 'red tent', method: 'plain', k: 20 },
      { query: 'blue', method: 'folm' },
    ] as const;
    const [plain, folm] = (await engine.search(jobs, 10_000)).results;
    await engine.close();
    const ids = 'set' in plain ? plain.set.items.map(({ id }) => id) : [];
    expect(ids).toHaveLength(ITEMS.length - 1);
    expect(ids).not.toContain('red-tent');
    expect(folm).toMatchObject({
      set: { items: [{ subQuery: expect.stringMatching(/^blue /) }, {}, {}, {}] },
    });
  }, 60_000);

  it('are evaluated', async () => {
    const { methods } = await evaluateRun(run, { threads: 1, steps: [] });
    expect(methods.has('untrained')).toBe(false);
    for (const name of ['folm', 'bestOfN'] as const)
      expect(methods.get(name)?.answers[0].subQueries).toEqual(THINGS.map((thing) => `boot ${thing}`));
    expect(methods.get('diffusion')?.answers[0].assigned).toHaveLength(4);
  }, 60_000);

  it('may be gone on with, and a change of what decides the sets is noticed', async () => {
    const before = readFileSync(`${run}/run.json`, 'utf8');
    await compile({ ...whole, config: await loadConfig(file()) });
    expect(readFileSync(`${run}/run.json`, 'utf8')).toBe(before);
    temp.write('reward.ts', MODULES['reward.ts'].replace('0.75', '0.5'));
    const again = compile({ ...whole, config: await loadConfig(file()) });
    await expect(again).rejects.toThrow('holds a run with another config.reward;');
    temp.write('reward.ts', MODULES['reward.ts']);
  });
});

describe('as arguments', () => {
  const encoder: Encoder = letterEncoder;
  const policy: Policy = {
    k: 4,
    sample: async ({ queries, samplesPerQuery = 1 }) =>
      queries.flatMap((text, query) =>
        Array.from({ length: samplesPerQuery }, () => ({
          query,
          subQueries: THINGS.map((thing) => `${text} ${thing}`),
          tokens: new Int32Array(),
          logProbs: new Float32Array(),
          entropies: new Float32Array(),
        })),
      ),
  };
  const reward: RewardFunction = () => 0.25;

  it('go through all commands too', async () => {
    const whole = { ...options('arguments'), config: SETTINGS, encoder };
    await compile({ ...whole, stage: 'encode' });
    const vectors = await readMatrix(`${whole.out}/encode/vectors.safetensors`, 'vectors');
    let searched = 0;
    const inner = plainIndex(vectors);
    const index: VectorIndex = {
      ...inner,
      search(...args) {
        searched++;
        return inner.search(...args);
      },
    };
    const asked = async (work: () => Promise<unknown>) => {
      const before = searched;
      await work();
      expect(searched).toBeGreaterThan(before);
    };
    await asked(() => compile({ ...whole, index, policy, reward }));
    expect((await RunFolder.open(whole.out)).stageDone('synthesis')?.meanReward).toBe(0.25);

    const own = { encoder, index, policy, threads: 1 };
    await asked(async () => {
      await using retriever = await Retriever.load(whole.out, own);
      const { items } = await retriever.search('red', { method: 'folm' });
      for (const { subQuery } of items) expect(subQuery).toMatch(/^red /);
    });
    await asked(async () => {
      const engine = await RunEngine.load(whole.out, own);
      const { results } = await engine.search([{ query: 'red', method: 'folm' }], 10_000);
      expect(results[0]).toMatchObject({ set: { method: 'folm' } });
      await engine.close();
    });
    await asked(async () => {
      const { methods } = await evaluateRun(whole.out, {
        ...own,
        reward,
        steps: [],
        methods: ['folm', 'bestOfN'],
      });
      expect([...methods.keys()]).toEqual(['bestOfN', 'folm']);
    });

    // Without the policy nobody can write what a run of this policy would.
    await expect(compile({ ...whole, index, reward })).rejects.toThrow(
      'was compiled with a policy of your own; give it again with the option "policy"',
    );
    await expect(compile({ ...whole, index, reward, policy: { ...policy, k: 3 } })).rejects.toThrow(
      "the policy writes 3 sub-queries, the run's k is 4",
    );
  }, 60_000);

  it('a policy does not take over a run that has trained one', async () => {
    const whole = { ...options('trained'), config: CONFIG, encoder };
    await compile({ ...whole, stage: 'warm-start' });
    await expect(compile({ ...whole, policy })).rejects.toThrow('holds a run that has trained a policy');
  }, 60_000);
});
