import { afterAll, describe, expect, test, vi } from 'vitest';
import { Session } from '../engine/index.js';
import { dot, gatherRows, type Matrix, row, rowRange } from '../matrix.js';
import { SetDiffusion, type SetDiffusionOptions } from './setDiffusion.js';
import { randomModel, tinyConfig, unitRows } from './testing/models.js';

const D = 8;
const conditions = unitRows(5, D, 3);
const open: SetDiffusion[] = [];
const create = async (options: Partial<SetDiffusionOptions> & Pick<SetDiffusionOptions, 'model'>) => {
  const diffusion = await SetDiffusion.create({ runtime: { threads: 1 }, steps: 4, ...options });
  open.push(diffusion);
  return diffusion;
};
afterAll(async () => {
  for (const diffusion of open) await diffusion.release();
});

const model = randomModel(tinyConfig({ head: 'edm' }));

describe('SetDiffusion', () => {
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
      const diffusion = await create({ model, sampler });
      const all = await diffusion.sample({ conditions, rows: 4 });
      const some = await diffusion.sample({ conditions: gatherRows(conditions, [3, 1]), rows: 4 });
      expectClose(rowRange(some, 0, 4), rowRange(all, 12, 16));
      expectClose(rowRange(some, 4, 8), rowRange(all, 4, 8));
    },
  );

  test('a text names the noise, whatever rounding its vector had', async () => {
    const diffusion = await create({ model });
    const moved = { ...conditions, data: conditions.data.map((x) => x * (1 + 1e-6)) };
    const streams = ['a', 'b', 'c', 'd', 'e'];
    const sample = (of: Matrix, names?: string[]) =>
      diffusion.sample({ conditions: of, rows: 4, streams: names });
    expectClose(await sample(moved, streams), await sample(conditions, streams));
    expect(worstError(await sample(moved), await sample(conditions))).toBeGreaterThan(0.1);
  });

  test('more queries than are denoised together are each as alone', async () => {
    const many = unitRows(70, D, 4);
    const diffusion = await create({ model, steps: 2 });
    const streams = Array.from({ length: 70 }, (_, q) => `query ${q}`);
    const all = await diffusion.sample({ conditions: many, rows: 2, streams });
    const last = await diffusion.sample({
      conditions: rowRange(many, 66, 70),
      rows: 2,
      streams: streams.slice(66),
    });
    expectClose(last, rowRange(all, 132, 140));
  });

  test('guidance moves away from what is drawn for no query', async () => {
    const diffusion = await create({ model });
    const sample = (guidance: number) => diffusion.sample({ conditions, rows: 4, guidance });
    expect(worstError(await sample(1), await sample(0))).toBeGreaterThan(0.01);
  });
});

test('a model that could not be loaded is tried again by the next request', async () => {
  const diffusion = await create({ model });
  const request = { conditions, rows: 4, steps: 2 };
  const load = vi.spyOn(Session, 'load').mockRejectedValueOnce(new Error('no memory'));
  await expect(diffusion.sample(request)).rejects.toThrow('no memory');
  const again = await diffusion.sample(request);
  await diffusion.sample({ ...request, seed: 1 });
  expect(load).toHaveBeenCalledTimes(2);
  load.mockRestore();
  expectClose(again, await (await create({ model, steps: 2 })).sample({ conditions, rows: 4 }));
});

test('bad requests are refused', async () => {
  const diffusion = await create({ model });
  const sample = diffusion.sample.bind(diffusion);
  await expect(sample({ conditions: unitRows(1, 7, 1), rows: 4 })).rejects.toThrow(RangeError);
  await expect(sample({ conditions, rows: 0 })).rejects.toThrow('rows');
  await expect(sample({ conditions, rows: 4, steps: 0 })).rejects.toThrow('steps');
  await expect(sample({ conditions, rows: 4, guidance: -1 })).rejects.toThrow('guidance');
  await expect(sample({ conditions, rows: 4, signal: AbortSignal.abort(new Error('no')) })).rejects.toThrow(
    'no',
  );
});

function worstError(actual: Matrix, expected: Matrix): number {
  expect(actual.data).toHaveLength(expected.data.length);
  return Math.max(...actual.data.map((value, i) => Math.abs(value - expected.data[i])));
}

function expectClose(actual: Matrix, expected: Matrix): void {
  expect(worstError(actual, expected)).toBeLessThan(1e-3);
}
