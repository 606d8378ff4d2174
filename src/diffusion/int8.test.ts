import { afterEach, expect, test, vi } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { int8IsExact } from '../engine/index.js';
import { dot, gatherRows, row, rowRange } from '../matrix.js';
import { loadDiffusion, saveDiffusion } from './modelFiles.js';
import { SetDiffusion } from './setDiffusion.js';
import { randomModel, tinyConfig, unitRows } from './testing/models.js';

const exact = vi.hoisted(() => ({ value: undefined as boolean | undefined }));
vi.mock('../engine/index.js', async (original) => {
  const engine = await original<typeof import('../engine/index.js')>();
  const int8IsExact = () => (exact.value === undefined ? engine.int8IsExact() : Promise.resolve(exact.value));
  return { ...engine, int8IsExact };
});
afterEach(() => {
  exact.value = undefined;
});

const temp = tempFolder();
const D = 8;
const conditions = unitRows(4, D, 3);
const model = randomModel(tinyConfig({ head: 'edm', width: 256, hidden: 256, heads: 4, layers: 1 }));

async function sample(int8: boolean, queries = conditions, steps?: number) {
  const diffusion = await SetDiffusion.create({ model, steps: 2, int8, runtime: { threads: 1 } });
  const directions = await diffusion.sample({ conditions: queries, rows: 4, steps });
  await diffusion.release();
  return directions;
}

const multipliesCodes = await int8IsExact();
if (!multipliesCodes)
  console.warn('this processor does not multiply codes exactly; the test of what they give is skipped');

test.skipIf(!multipliesCodes).each([undefined, 3])(
  'directions in 8 bits lie by those in 32, with %s steps of a request',
  async (steps) => {
    const [floats, codes] = [await sample(false, conditions, steps), await sample(true, conditions, steps)];
    expect(codes).not.toEqual(floats);
    for (let i = 0; i < floats.rows; i++) expect(dot(row(floats, i), row(codes, i))).toBeGreaterThan(0.995);
  },
);

test('a query gets the same set in any batch', async () => {
  const all = await sample(true);
  const some = await sample(true, gatherRows(conditions, [3, 1]));
  for (const [place, query] of [3, 1].entries()) {
    const [a, b] = [rowRange(some, 4 * place, 4 * place + 4), rowRange(all, 4 * query, 4 * query + 4)];
    for (const [i, value] of a.data.entries()) expect(value).toBeCloseTo(b.data[i], 3);
  }
});

test('where products of 8 bits are not exact, they are of 32', async () => {
  exact.value = false;
  expect(await sample(true)).toEqual(await sample(false));
});

test.each([true, false, undefined])('a model answers as its file says: int8 %s', async (int8) => {
  const folder = temp.path(`model-${int8}`);
  await saveDiffusion(folder, model, { sampler: 'dpmSolverPlusPlus2M', guidance: 0, steps: 2, int8 });
  const loaded = (await loadDiffusion(folder, { threads: 1 })) as SetDiffusion;
  expect(await loaded.sample({ conditions, rows: 4 })).toEqual(await sample(int8 === true));
  await loaded.release();
});
