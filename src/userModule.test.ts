/** Modules of the user's that are not what their setting asks for. */
import { expect, it } from 'vitest';
import { tempFolder } from './catalog/testing/tempFolder.js';
import { matrix } from './matrix.js';
import { loadModulePolicy } from './policy/modulePolicy.js';
import { letterWorld } from './policy/testing/world.js';
import { loadModuleReward } from './reward/moduleReward.js';
import { loadModuleIndex } from './vectorIndex/moduleIndex.js';

const temp = tempFolder();
const loaders = {
  index: (file: string) => loadModuleIndex(file, { vectors: matrix(3, 2), items: [] }),
  policy: async (file: string) => loadModulePolicy(file, await letterWorld(), { k: 4 }),
  reward: loadModuleReward,
};

it.each<[keyof typeof loaders, string, string]>([
  [
    'index',
    'export const index = 1;',
    'has no default export; write "export default async ({ vectors, items })',
  ],
  ['index', 'export default { size: 3, dim: 2 };', 'is not an index (search: expected a function)'],
  [
    'index',
    'export default () => ({ size: 2, dim: 2, search() {} });',
    'holds 2 vectors of length 2, the catalog has 3 of length 2',
  ],
  ['policy', 'export default () => 1;', 'is not a policy (expected object, received number)'],
  ['policy', 'export default { k: 0, sample() {} };', 'is not a policy (k: '],
  ['policy', 'export default { k: 3, sample() {} };', "the policy writes 3 sub-queries, the run's k is 4"],
  [
    'reward',
    'export default { weights: {} };',
    'is no function of a fan-out; write "export default (fanOut)',
  ],
  ['reward', 'throw new Error("no")', 'cannot be run: no'],
])('%s: %s', async (name, source, message) => {
  const file = temp.write(`${name}.ts`, source);
  await expect(loaders[name](file)).rejects.toThrow(expect.objectContaining({ file }));
  await expect(loaders[name](file)).rejects.toThrow(message);
});

it.each(Object.entries(loaders))('%s: a file that is not there', async (_, load) => {
  await expect(load('no.ts')).rejects.toThrow('no.ts: does not exist');
});
