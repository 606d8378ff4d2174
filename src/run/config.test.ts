import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { defineConfig, paperWeights, synthesisSettings, type UserConfig } from './config.js';
import { loadConfig } from './loadConfig.js';
import { nearest } from './nearest.js';
import { parseConfig } from './parseConfig.js';

const temp = tempFolder();

it('fills in every default', async () => {
  const config = await loadConfig();
  expect(config).toMatchObject({
    seed: 1,
    k: 10,
    dimensions: 256,
    task: 'oar',
    device: 'cpu',
    encoder: 'use-lite+glove',
  });
  expect(config.reward).toEqual({});
  expect(paperWeights(config)).toBeUndefined();
  expect(config.policy).toMatchObject({ kind: 'pointer', clip: 0.2, klOld: 0.05, klReverse: 0.05 });
  expect(config.diffusion).toMatchObject({ preset: 'small', conditionDropout: 0.1 });
});

it('samples a pointer colder, and learns from the better half of its sets', () => {
  const config = parseConfig({});
  expect(config.policy).toMatchObject({ kind: 'pointer', warmStartSteps: 200, steps: 40, groupSize: 8 });
  expect(synthesisSettings(config)).toEqual({ temperature: 0.4, topP: 1, rewardQuantile: 0.5 });
  const asked = parseConfig({
    policy: { kind: 'pointer' },
    synthesis: { temperature: 1, rewardQuantile: 0 },
  });
  expect(synthesisSettings(asked)).toEqual({ temperature: 1, topP: 1, rewardQuantile: 0 });
  const own = parseConfig({ policy: { kind: 'module', path: 'policy.ts' } });
  expect(synthesisSettings(own)).toEqual({ temperature: 0.9, topP: 1 });
});

it('keeps what the user sets, and a reward function as it is', () => {
  const reward = () => 1;
  const config = parseConfig(defineConfig({ k: 5, policy: { groupSize: 4 }, reward }));
  expect(config).toMatchObject({ k: 5, policy: { groupSize: 4, clip: 0.2 } });
  expect(config.reward).toBe(reward);
  const weights = { groundedness: 0.4, diversity: 0.3 };
  expect(paperWeights(parseConfig({ reward: { preset: 'paper', weights } }))).toEqual({
    ...weights,
    alignment: 0.2,
  });
  const paper = { groundedness: 0.6, diversity: 0.2, alignment: 0.2 };
  expect(paperWeights(parseConfig({ reward: { preset: 'paper' } }))).toEqual(paper);
});

it('takes no denoising steps where candidates are ordered, and some anywhere', () => {
  const stepsOf = (diffusion: UserConfig['diffusion']) => parseConfig({ diffusion }).diffusion.samplerSteps;
  expect(stepsOf({ samplerSteps: 0 })).toBe(0);
  expect(stepsOf({ preset: 'paper', samplerSteps: 1 })).toBe(1);
  expect(stepsOf({ preset: 'paper' })).toBeUndefined();
});

it('keeps the judge of a reward', () => {
  const judge = () => [1];
  expect(parseConfig({ reward: { judge } }).reward).toEqual({ judge });
  expect(parseConfig({ reward: { judge: 'hybrid' } }).reward).toEqual({ judge: 'hybrid' });
  const module = { kind: 'module', path: 'judge.ts' } as const;
  expect(parseConfig({ reward: { judge: module } }).reward).toEqual({ judge: module });
});

it.each([
  [{ sede: 1 }, 'c.json: field "sede": is not a setting; did you mean "seed"?'],
  [
    { policy: { groupsize: 4 } },
    'c.json: field "policy.groupsize": is not a setting; did you mean "groupSize"?',
  ],
  [
    { reward: { weights: {} } },
    'field "reward.weights": belongs to the preset "paper"; add "preset": "paper"',
  ],
  [
    { reward: { preset: 'paper', judge: 'hybrid' } },
    'field "reward.judge": is not asked with the preset "paper"; leave one of them out',
  ],
  [{ reward: { judge: 'hybird' } }, 'field "reward.judge": expected "hybrid"'],
  [{ reward: { judge: { kind: 'module' } } }, 'field "reward.judge.path": expected string'],
  [{ reward: { weigths: {} } }, 'field "reward.weigths": is not a setting; did you mean "weights"?'],
  [
    { reward: { weights: { ground: 1 } } },
    'field "reward.weights.ground": is not a setting; expected one of groundedness, diversity, alignment',
  ],
  [{ reward: { weights: { diversity: -1 } } }, 'field "reward.weights.diversity": expected number to be >=0'],
  [{ encoder: 'use-light' }, 'field "encoder": expected one of "use-lite+glove"|"use-lite"|"precomputed"'],
  [
    { encoder: { kind: 'bert' } },
    'field "encoder.kind": expected one of transformers, clip, openai, module, precomputed',
  ],
  [
    { encoder: { kind: 'precomputed', queries: { kind: 'precomputed' } } },
    'field "encoder.queries.kind": expected one of transformers, clip, openai, module',
  ],
  [{ encoder: { kind: 'module' } }, 'field "encoder.path": expected string, received undefined'],
  [
    { encoder: { kind: 'openai', baseUrl: 'http://a', model: 'm', dimension: 3 } },
    'field "encoder.dimension": is not a setting; did you mean "dimensions"?',
  ],
  [
    { encoder: { kind: 'precomputed', queries: { kind: 'module', path: 'a.ts', pat: '' } } },
    'field "encoder.queries.pat": is not a setting; did you mean "path"?',
  ],
  [
    { encoder: { kind: 'transformers', model: 'm', pooling: 'max' } },
    'field "encoder.pooling": expected one of "mean"|"cls"|"none"',
  ],
  [{ policy: { kind: 'module' } }, 'field "policy.path": expected string, received undefined'],
  [
    { policy: { kind: 'modul' } },
    'field "policy.kind": expected one of pointer, pretrained, gguf, chat, recorded, module',
  ],
  [{ policy: { kind: 'decoder' } }, 'field "policy.kind": expected one of pointer, pretrained, gguf'],
  [{ policy: { kind: 'pretrained' } }, 'field "policy.model": expected string, received undefined'],
  [
    { policy: { kind: 'pretrained', model: 'm', lora: { targets: ['lm_head'] } } },
    'field "policy.lora.targets.0": expected one of "q_proj"|"k_proj"',
  ],
  [
    { policy: { kind: 'chat', model: 'm' } },
    'field "policy.baseUrl": expected the URL of an endpoint, or a provider',
  ],
  [{ policy: { kind: 'chat', baseUrl: 'http://x' } }, 'field "policy.model": expected string'],
  [
    { policy: { kind: 'gguf', model: 'm.gguf', temperatur: 1 } },
    'field "policy.temperatur": is not a setting',
  ],
  [{ policy: { kind: 'recorded' } }, 'field "policy.path": expected string, received undefined'],
  [
    { policy: { kind: 'module', path: 'a.ts', pat: '' } },
    'field "policy.pat": is not a setting; did you mean "path"?',
  ],
  [
    { policy: { kind: 'pointer', grupSize: 4 } },
    'field "policy.grupSize": is not a setting; did you mean "groupSize"?',
  ],
  [
    { policy: { writes: 'anything' } },
    'field "policy.writes": is not a setting; expected one of kind, fanOuts',
  ],
  [
    { diffusion: { candidates: 2 } },
    'field "diffusion.candidates": is not a setting; expected one of preset',
  ],
  [
    { diffusion: { preset: 'paper', samplerSteps: 0 } },
    'c.json: field "diffusion.samplerSteps": 0 steps are for the preset "small" alone',
  ],
  [{ diffusion: { samplerSteps: -1 } }, 'field "diffusion.samplerSteps": expected number to be >=0'],
  [{ diffusion: { samplerSteps: 0.5 } }, 'field "diffusion.samplerSteps": expected int'],
  [{ diffusion: { draws: 0 } }, 'field "diffusion.draws": expected number to be >0'],
  [
    { reward: { kind: 'module', path: 'a.ts', pat: '' } },
    'field "reward.pat": is not a setting; did you mean "path"?',
  ],
  [{ index: 'hnsw' }, 'field "index": expected "exact"'],
  [{ index: { kind: 'module' } }, 'field "index.path": expected string'],
  [{ reward: 3 }, 'field "reward": expected object, received number'],
  [{ catalog: { txt: '{a}' } }, 'field "catalog.txt": is not a setting; did you mean "text"?'],
  [{ k: '10' }, 'field "k": expected number, received string'],
  [{ k: 2.5 }, 'field "k": expected int'],
  [{ k: 1 }, 'field "k": expected number to be >=2'],
  [{ device: 'gpu' }, 'field "device": expected one of "cpu"|"webgpu"|"cuda"'],
  [{ synthesis: { topP: 0 } }, 'field "synthesis.topP": expected a number above 0'],
  [{ k: 1, seed: -1 }, '(and 1 more)'],
  [[], 'c.json: expected object, received array'],
  [null, 'c.json: expected object, received null'],
])('refuses %j', (config, message) => {
  expect(() => parseConfig(config, 'c.json')).toThrow(message);
  expect(() => parseConfig(config, 'c.json')).toThrow(expect.objectContaining({ name: 'InputError' }));
});

it('loads JSON and modules', async () => {
  expect((await loadConfig(temp.write('a.json', '{"k": 4}'))).k).toBe(4);
  const module = `import { defineConfig } from 'r4t';
    const k: number = 6;
    export default defineConfig({ k, reward: ({ subQueries }) => subQueries.length });`;
  const config = await loadConfig(temp.write('a.ts', module));
  expect(config.k).toBe(6);
  expect(config.reward).toBeTypeOf('function');
  expect((await loadConfig(temp.write('a.mjs', 'export default { k: 7 };'))).k).toBe(7);
});

it('gives a module the library it is handed', async () => {
  const file = temp.write('lib.ts', `import { two } from 'r4t'; export default { k: two + 1 };`);
  expect((await loadConfig(file, { library: { two: 2 } })).k).toBe(3);
});

it('reads a module again when it has changed', async () => {
  expect((await loadConfig(temp.write('twice.ts', 'export default { k: 3 };'))).k).toBe(3);
  expect((await loadConfig(temp.write('twice.ts', 'export default { k: 4 };'))).k).toBe(4);
});

it.each([
  ['bad.json', '{"k": 4', 'bad.json: is not valid JSON'],
  ['bad.ts', 'export default { k: ', 'bad.ts: cannot be run'],
  ['throws.ts', 'throw new Error("no")', 'throws.ts: cannot be run: no'],
  ['none.ts', 'export const k = 1;', 'none.ts: has no default export'],
  ['a.yaml', 'k: 1', 'a.yaml: has the unknown extension .yaml; expected .json .ts'],
  ['wrong.ts', 'export default { k: "x" };', 'wrong.ts: field "k": expected number, received string'],
])('refuses %s', async (name, text, message) => {
  await expect(loadConfig(temp.write(name, text))).rejects.toThrow(message);
});

it('takes paths from the folder of the config file', async () => {
  const encoder = async (name: string, setting: object) =>
    (await loadConfig(temp.write(name, JSON.stringify({ encoder: setting })))).encoder;
  const path = temp.path('mine.ts');
  expect(await encoder('module.json', { kind: 'module', path: './mine.ts' })).toEqual({
    kind: 'module',
    path,
  });
  expect(
    await encoder('inner.json', { kind: 'precomputed', queries: { kind: 'module', path: 'mine.ts' } }),
  ).toEqual({ kind: 'precomputed', queries: { kind: 'module', path } });
  expect(await encoder('hub.json', { kind: 'clip', model: 'org/name' })).toMatchObject({ model: 'org/name' });
  expect(await encoder('folder.json', { kind: 'clip', model: './name' })).toMatchObject({
    model: temp.path('name'),
  });
});

it('names a missing file', async () => {
  await expect(loadConfig(temp.path('no.json'))).rejects.toThrow('no.json: does not exist; check the path');
});

it('finds the nearest name, if there is one near', () => {
  expect(nearest('grupSize', ['groupSize', 'width'])).toBe('groupSize');
  expect(nearest('lerningrate', ['layers', 'learningRate'])).toBe('learningRate');
  expect(nearest('stpes', ['steps', 'epochs'])).toBe('steps');
  expect(nearest('K', ['seed', 'k'])).toBe('k');
  expect(nearest('banana', ['steps', 'epochs'])).toBeUndefined();
  expect(nearest('dpp', ['mmr', 'bm25', 'plain'])).toBeUndefined();
});

it('types the reward function of a config', () => {
  const config: UserConfig = { reward: ({ retrieved, items }) => items[retrieved[0]].text.length };
  expect(parseConfig(config).reward).toBeTypeOf('function');
});
