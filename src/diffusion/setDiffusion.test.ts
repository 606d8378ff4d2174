import { afterAll, describe, expect, test } from 'vitest';
import { dot, gatherRows, type Matrix, row, rowRange } from '../matrix.js';
import { vendi } from '../reward/vendi.js';
import { SetDiffusion, type SetDiffusionOptions } from './setDiffusion.js';
import { randomModel, tinyConfig, unitRows } from './testing/models.js';

const D = 8;
const conditions = unitRows(5, D, 3);
const open: SetDiffusion[] = [];
const create = async (options: Partial<SetDiffusionOptions> & Pick<SetDiffusionOptions, 'model'>) => {
  const diffusion = await SetDiffusion.create({ runtime: { threads: 1 }, ...options });
  open.push(diffusion);
  return diffusion;
};
afterAll(async () => {
  for (const diffusion of open) await diffusion.release();
});

const models = {
  plain: randomModel(tinyConfig()),
  anchored: randomModel(tinyConfig({ anchors: 12 })),
  near: randomModel(tinyConfig({ anchors: 12, nearAnchors: 5 })),
};

describe.each(Object.entries(models))('%s', (_, model) => {
  test('rows have unit length, in any number', async () => {
    const diffusion = await create({ model });
    for (const rows of [1, 4, 13]) {
      const sets = await diffusion.sample({ conditions, rows });
      expect([sets.rows, sets.cols]).toEqual([5 * rows, D]);
      for (let i = 0; i < sets.rows; i++) expect(dot(row(sets, i), row(sets, i))).toBeCloseTo(1, 4);
    }
  });

  test.each([0, 0.3])('the compiled sampler is the sampler, at guidance %s', async (guidance) => {
    const compiled = await create({ model, steps: 5, guidance });
    const stepwise = await create({ model, sampler: 'heun' });
    const request = { conditions, rows: 4, seed: 2 };
    const reference = await stepwise.sample({
      ...request,
      steps: 5,
      guidance,
      sampler: 'dpmSolverPlusPlus2M',
    });
    expectClose(await compiled.sample(request), reference);
  });

  test('the same seed gives the same bits, another seed another set', async () => {
    const diffusion = await create({ model });
    const sample = (seed: number) => diffusion.sample({ conditions, rows: 4, seed });
    expect(await sample(1)).toEqual(await sample(1));
    expect(await sample(1)).not.toEqual(await sample(2));
  });

  test.each(['dpmSolverPlusPlus2M', 'exponentialSde'] as const)(
    'with %s a query gets the same set in any batch',
    async (sampler) => {
      const diffusion = await create({ model, sampler, steps: 4 });
      const all = await diffusion.sample({ conditions, rows: 4 });
      const some = await diffusion.sample({ conditions: gatherRows(conditions, [3, 1]), rows: 4 });
      expectClose(rowRange(some, 0, 4), rowRange(all, 12, 16));
      expectClose(rowRange(some, 4, 8), rowRange(all, 4, 8));
    },
  );

  test('of several candidates the best is kept', async () => {
    const only = { groundedness: 0, diversity: 1, alignment: 0 };
    const diffusion = await create({ model, weights: only });
    const scores = async (candidates: number) => {
      const sets = await diffusion.sample({ conditions, rows: 4, candidates });
      expect(sets.rows).toBe(5 * 4);
      return Array.from({ length: 5 }, (_, q) => vendi(rowRange(sets, 4 * q, 4 * q + 4)));
    };
    const [one, two, thirty] = [await scores(1), await scores(2), await scores(30)];
    for (let q = 0; q < 5; q++) {
      expect(two[q]).toBeGreaterThanOrEqual(one[q] - 1e-4);
      expect(thirty[q]).toBeGreaterThan(one[q]);
    }
  });
});

test('bad requests are refused', async () => {
  const diffusion = await create({ model: models.plain });
  const sample = diffusion.sample.bind(diffusion);
  await expect(sample({ conditions: unitRows(1, 7, 1), rows: 4 })).rejects.toThrow(RangeError);
  await expect(sample({ conditions, rows: 0 })).rejects.toThrow('rows');
  await expect(sample({ conditions, rows: 4, steps: 0 })).rejects.toThrow('steps');
  await expect(sample({ conditions, rows: 4, guidance: -1 })).rejects.toThrow('guidance');
  await expect(sample({ conditions, rows: 4, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
    'no',
  );
});

function expectClose(actual: Matrix, expected: Matrix): void {
  expect(actual.data).toHaveLength(expected.data.length);
  const error = Math.max(...actual.data.map((value, i) => Math.abs(value - expected.data[i])));
  expect(error).toBeLessThan(1e-3);
}
