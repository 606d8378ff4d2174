import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countParameters, floats, Session } from '../engine/index.js';
import { CounterRandom } from '../random.js';
import { presets } from './config.js';
import { denoiserOnnx } from './model.js';
import { randomModel, tinyConfig, unitRows } from './testing/models.js';

const D = 8;

describe.each([
  ['plain', tinyConfig()],
  ['with exact anchors', tinyConfig({ anchors: 12 })],
  ['with anchors and a spread', tinyConfig({ anchors: 12, anchorSpread: 0.1 })],
  ['with anchors near the query', tinyConfig({ anchors: 12, nearAnchors: 5 })],
  ['with words of the query', tinyConfig({ conditionWords: 2, conditionDimension: 3 * D })],
])('%s', async (_, config) => {
  const session = await Session.load(denoiserOnnx(randomModel(config), { guided: true }), { threads: 1 });

  const C = config.conditionDimension;
  async function denoise(
    x: Float32Array,
    conditions: Float32Array,
    sigma: number,
    sets = 1,
  ): Promise<Float32Array> {
    const queries = conditions.length / C;
    const batch = queries * sets;
    const { clean } = await session.run({
      x: { data: x, dims: [batch, x.length / batch / D, D] },
      sigma: { data: Float32Array.of(sigma), dims: [1, 1, 1] },
      condition: { data: conditions, dims: [queries, C] },
      guidance: { data: Float32Array.of(0.5), dims: [] },
    });
    return floats(clean);
  }

  const inputs = fc.record({
    seed: fc.nat(),
    batch: fc.integer({ min: 1, max: 4 }),
    rows: fc.integer({ min: 1, max: 7 }),
    sigma: fc.double({ min: 0.05, max: 2, noNaN: true }),
  });
  const noisy = (size: number, seed: number) =>
    new CounterRandom(seed).fillNormal(new Float32Array(size), 0.5);

  test('permuting rows permutes the result', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async ({ seed, rows, sigma }) => {
        const order = new CounterRandom(seed, 'order').permutation(rows);
        const permute = (x: Float32Array) =>
          Float32Array.from(x, (_, i) => x[order[Math.floor(i / D)] * D + (i % D)]);
        const x = noisy(rows * D, seed);
        const condition = unitRows(1, C, seed).data;
        const expected = permute(await denoise(x, condition, sigma));
        expectClose(await denoise(permute(x), condition, sigma), expected);
      }),
      { numRuns: 25 },
    );
  });

  test('sets of a batch do not see each other', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async ({ seed, batch, rows, sigma }) => {
        const x = noisy(batch * rows * D, seed);
        const conditions = unitRows(batch, C, seed).data;
        const together = await denoise(x, conditions, sigma);
        const size = rows * D;
        for (let i = 0; i < batch; i++) {
          const alone = await denoise(
            x.slice(i * size, (i + 1) * size),
            conditions.slice(i * C, (i + 1) * C),
            sigma,
          );
          expectClose(alone, together.slice(i * size, (i + 1) * size));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('several sets of a query are each as alone', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, fc.integer({ min: 2, max: 4 }), async ({ seed, batch, rows, sigma }, sets) => {
        const size = rows * D;
        const x = noisy(batch * sets * size, seed);
        const conditions = unitRows(batch, C, seed).data;
        const together = await denoise(x, conditions, sigma, sets);
        for (let i = 0; i < batch * sets; i++) {
          const query = Math.floor(i / sets);
          const alone = await denoise(
            x.slice(i * size, (i + 1) * size),
            conditions.slice(query * C, (query + 1) * C),
            sigma,
          );
          expectClose(alone, together.slice(i * size, (i + 1) * size));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('the query matters', async () => {
    const x = noisy(3 * D, 1);
    const a = await denoise(x, unitRows(1, C, 1).data, 0.5);
    const b = await denoise(x, unitRows(1, C, 2).data, 0.5);
    expect(Math.max(...a.map((v, i) => Math.abs(v - b[i])))).toBeGreaterThan(1e-3);
  });

  if (config.anchors === 0) {
    test('without noise it returns its input', async () => {
      const x = noisy(3 * D, 1);
      expectClose(await denoise(x, unitRows(1, C, 1).data, 1e-6), x);
    });
  }
});

test('the paper preset has 53.9M parameters', () => {
  const config = tinyConfig({ ...presets.paper, dimension: 128, conditionDimension: 128 });
  expect(countParameters(randomModel(config).parameters) / 1e6).toBeCloseTo(53.9, 1);
});

function expectClose(actual: Float32Array, expected: Float32Array): void {
  expect(actual).toHaveLength(expected.length);
  const error = Math.max(...actual.map((value, i) => Math.abs(value - expected[i])));
  expect(error).toBeLessThan(1e-4);
}

describe('condition words', () => {
  test('reach the rows, whatever their order', async () => {
    const config = tinyConfig({ conditionDimension: 24, conditionWords: 2 });
    const model = randomModel(config);
    const session = await Session.load(denoiserOnnx(model, { guided: false }), { threads: 1 });
    const x = { data: unitRows(3, 8, 1).data, dims: [1, 3, 8] };
    const sigma = { data: Float32Array.of(0.3), dims: [1, 1, 1] };
    const [query, first, second] = [2, 3, 4].map((seed) => [...unitRows(1, 8, seed).data]);
    const run = async (...parts: number[][]) => {
      const condition = { data: Float32Array.from(parts.flat()), dims: [1, 24] };
      return floats((await session.run({ x, sigma, condition })).clean);
    };
    const clean = await run(query, first, second);
    const swapped = await run(query, second, first);
    const other = await run(query, first, first);
    await session.release();
    swapped.forEach((value, i) => {
      expect(value).toBeCloseTo(clean[i], 5);
    });
    expect(Math.max(...other.map((value, i) => Math.abs(value - clean[i])))).toBeGreaterThan(1e-3);
  });
});
