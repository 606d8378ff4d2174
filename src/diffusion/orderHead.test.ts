import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SOURCES } from '../candidates/candidates.js';
import { type Feeds, floats, Graph, type Parameters, Session } from '../engine/index.js';
import { checkGradients, type Operand } from '../engine/testing/checkGradients.js';
import { CounterRandom } from '../random.js';
import { candidateOrderOnnx, parameterGraph } from './model.js';
import { orderLoss, orderScores } from './orderHead.js';
import { randomModel, tinyConfig, untrainedModel } from './testing/models.js';

const F = SOURCES.length;
/** Candidates of a query. */
const N = 5;
const runtime = { threads: 1 };
const config = tinyConfig();

const asked = (queries: number, seed: number): Float32Array => normals(queries * N * F, seed);

function normals(size: number, seed: number, scale = 1): Float32Array {
  return new CounterRandom(seed, 'normals').fillNormal(new Float32Array(size), scale);
}

describe('the scores', () => {
  const model = randomModel(config);
  let session: Session;
  beforeAll(async () => {
    session = await Session.load(candidateOrderOnnx(model), runtime);
  });
  afterAll(() => session.release());

  async function scores(features: Float32Array): Promise<Float32Array> {
    const queries = features.length / (N * F);
    const { order } = await session.run({ features: { data: features, dims: [queries, N, F] } });
    expect(order.dims).toEqual([queries, N]);
    return floats(order);
  }

  test('are those of the documented network', async () => {
    const input = asked(3, 1);
    const expected = scoresByHand(model.parameters, input);
    // Constant ones would be easy to meet.
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(1);
    expectClose(await scores(input), expected);
  });

  test('move with the candidates, whatever their places are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const order = new CounterRandom(seed, 'order').permutation(N);
        const moved = (values: Float32Array, size: number) =>
          values.map((_, i) => values[order[Math.floor(i / size)] * size + (i % size)]);
        const features = asked(1, seed);
        expectClose(await scores(moved(features, F)), moved(await scores(features), 1));
      }),
      { numRuns: 20 },
    );
  });

  test('of a query are the same whatever else is asked', async () => {
    const features = asked(3, 4);
    const together = await scores(features);
    for (let q = 0; q < 3; q++)
      expectClose(
        await scores(features.slice(q * N * F, (q + 1) * N * F)),
        together.slice(q * N, (q + 1) * N),
      );
  });

  test('hear every source', async () => {
    const input = asked(1, 7);
    const before = await scores(input);
    for (let source = 0; source < F; source++) {
      const after = await scores(input.map((x, i) => (i % F === source ? x + 1 : x)));
      expect(Math.max(...after.map((score, i) => Math.abs(score - before[i])))).toBeGreaterThan(1e-3);
    }
  });

  test('before training prefer nobody', async () => {
    const untrained = await Session.load(candidateOrderOnnx(untrainedModel(config)), runtime);
    const { order } = await untrained.run({ features: { data: asked(1, 3), dims: [1, N, F] } });
    await untrained.release();
    expect([...floats(order)]).toEqual(new Array(N).fill(0));
  });
});

/** The same in float64, [queries * N]. */
function scoresByHand(parameters: Parameters, features: Float32Array): number[] {
  /** Values times a weight [values, columns]. */
  const times = (values: readonly number[], name: string) => {
    const matrix = parameters.get(`order.${name}`)?.data as Float32Array;
    const columns = matrix.length / values.length;
    return Array.from({ length: columns }, (_, c) => sum(values.map((v, i) => v * matrix[i * columns + c])));
  };
  const bias = parameters.get('order.sources.bias')?.data as Float32Array;
  return Array.from({ length: features.length / F }, (_, at) => {
    const said = [...features.subarray(at * F, (at + 1) * F)];
    const hidden = times(said, 'sources.weight').map((x, h) => {
      const y = x + bias[h];
      return y / (1 + Math.exp(-y));
    });
    return 4 * (times(hidden, 'base.weight')[0] + times(said, 'direct.weight')[0]);
  });
}

describe('the loss', () => {
  /** Nats a row of each order of candidates, by the same scores. */
  async function losses(scores: readonly number[], orders: readonly (readonly number[])[]) {
    const [batch, rows, n] = [orders.length, orders[0].length, scores.length];
    const graph = new Graph();
    const loss = orderLoss(
      graph.input('scores', ['batch', 1, n]),
      graph.input('earlier', ['batch', rows, n]),
      graph.input('labels', ['batch', rows, 1], 'int32'),
    );
    const session = await Session.compile(graph, { loss }, runtime);
    const earlier = orders.flatMap((order) =>
      order.flatMap((own, place) =>
        scores.map((_, i) => Number(i !== own && order.slice(0, place).includes(i))),
      ),
    );
    const feeds: Feeds = {
      scores: { data: Float32Array.from(orders.flatMap(() => scores)), dims: [batch, 1, n] },
      earlier: { data: Float32Array.from(earlier), dims: [batch, rows, n] },
      labels: { data: Int32Array.from(orders.flat()), dims: [batch, rows, 1] },
    };
    const result = floats((await session.run(feeds)).loss);
    await session.release();
    expect(result).toHaveLength(batch);
    return [...result];
  }

  const scores = [...normals(N, 3, 2)];

  test.each([1, 2, 3, 5])(
    'is the likelihood of drawing %s of the candidates one after another',
    async (rows) => {
      const orders = ordersOf(N, rows);
      const found = await losses(scores, orders);
      const expected = orders.map((order) => {
        const left = new Map(scores.entries());
        const nats = order.map((candidate) => {
          const all = sum([...left.values()].map(Math.exp));
          left.delete(candidate);
          return Math.log(all) - scores[candidate];
        });
        return sum(nats) / rows;
      });
      expectClose(found, expected);
      // One of the orders must come.
      expect(sum(found.map((loss) => Math.exp(-loss * rows)))).toBeCloseTo(1, 4);
    },
  );

  test('is least for the order by falling scores', async () => {
    const orders = ordersOf(N, 3);
    const found = await losses(scores, orders);
    const best = [...scores.keys()].sort((a, b) => scores[b] - scores[a]).slice(0, 3);
    expect(orders[found.indexOf(Math.min(...found))]).toEqual(best);
  });

  test('does not depend on what all scores have in common', async () => {
    const orders = ordersOf(N, 2);
    const higher = scores.map((score) => score + 30);
    expectClose(await losses(higher, orders), await losses(scores, orders));
  });

  test('is finite for a set that repeats an item, which is drawn again from what is left and itself', async () => {
    const [found] = await losses(scores, [[2, 0, 2]]);
    const of = (...left: number[]) => Math.log(sum(left.map((i) => Math.exp(scores[i]))));
    const expected = of(0, 1, 2, 3, 4) - scores[2] + of(0, 1, 3, 4) - scores[0] + of(1, 2, 3, 4) - scores[2];
    expectClose([found], [expected / 3]);
  });
});

test('the gradients are those of finite differences', async () => {
  const [sources, candidates] = [2, 4];
  const standard = { means: [0, 0], deviations: [1, 1] };
  const small = tinyConfig({ standard });
  const specs = [...parameterGraph(small).parameters].filter(([name]) => name.startsWith('order.'));
  expect(specs).toHaveLength(4);
  const weights = specs.map(([name, { shape }]): [string, Operand] => [name, { shape, range: [-0.5, 0.5] }]);
  await checkGradients<string>({
    operands: {
      features: { shape: ['batch', candidates, sources] },
      // The last candidate came before the second row.
      labels: { shape: ['batch', 2, 1], below: candidates - 1 },
      ...Object.fromEntries(weights),
    },
    f: ({ features, labels, ...own }, graph) => {
      // What the code asks for as a parameter is an operand here.
      for (const [name, spec] of specs) graph.parameters.set(name, { ...spec, value: own[name] });
      const earlier = graph.constant(Float32Array.of(0, 0, 0, 0, 0, 0, 0, 1), [1, 2, candidates]);
      const loss = orderLoss(orderScores(features), earlier, labels);
      graph.parameters.clear();
      return loss;
    },
    sizes: [{ batch: 2 }],
    tolerance: 1e-4,
  });
});

/** All orders of `rows` of the first `n` numbers. */
function ordersOf(n: number, rows: number): number[][] {
  if (rows === 0) return [[]];
  return ordersOf(n, rows - 1).flatMap((order) =>
    Array.from({ length: n }, (_, i) => i)
      .filter((i) => !order.includes(i))
      .map((i) => [...order, i]),
  );
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual).toHaveLength(expected.length);
  const worst = Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i])));
  expect(worst).toBeLessThan(1e-4);
}
