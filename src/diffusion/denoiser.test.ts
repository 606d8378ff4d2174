import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { SOURCES } from '../candidates/candidates.js';
import {
  countParameters,
  encodeOnnx,
  type Feeds,
  floats,
  Graph,
  ops,
  type Parameters,
  parameterFeeds,
  Session,
  type Value,
} from '../engine/index.js';
import { checkGradients, type Operand } from '../engine/testing/checkGradients.js';
import { CounterRandom } from '../random.js';
import { anchoredLoss, anchorsOf, denoiseAnchored, excludeTaken, inclusionOf } from './anchorHead.js';
import { type DenoiserConfig, presets, sourcesOf } from './config.js';
import { lossWeight, preconditioning } from './edm.js';
import { denoiseRows, rowsLoss } from './edmHead.js';
import { type DiffusionModel, denoiserOnnx, parameterGraph } from './model.js';
import { randomModel, tinyConfig, unitRows, untrainedModel } from './testing/models.js';
import { conditionMemory } from './transformer.js';

const D = 8;
/** Candidates of a query, and what the sources say of each. */
const [N, F] = [6, SOURCES.length];
const runtime = { threads: 1 };

/** A query with its candidates, of which head `edm` takes no notice. */
interface Query {
  readonly condition: Float32Array;
  readonly anchors: Float32Array;
  readonly features: Float32Array;
}

const queryOf = (seed: number): Query => ({
  condition: unitRows(1, D, seed).data,
  anchors: unitRows(N, D, seed + 1).data,
  features: normals(N * F, seed),
});

interface Denoised {
  readonly clean: Float32Array;
  /** [sets, rows, N] with head `anchors`. */
  readonly posterior?: Float32Array;
}

/** A single evaluation of a model, as ONNX. */
function onnxOf(model: DiffusionModel): Uint8Array {
  const { config, parameters } = model;
  if (config.head === 'edm') return denoiserOnnx(model, { guided: true });
  const graph = new Graph();
  const query = graph.input('condition', ['queries', D]);
  const inputs = {
    x: graph.input('x', ['batch', 'rows', D]),
    sigma: graph.input('sigma', [1, 1, 1]),
    condition: conditionMemory(config, query),
  };
  const given = {
    vectors: graph.input('anchors', ['queries', 'candidates', D]),
    sources: graph.input('features', ['queries', 'candidates', F]),
  };
  const anchors = anchorsOf(given);
  const weights = new Map([...parameters].map(([name, { data }]) => [name, data]));
  return encodeOnnx(graph, { outputs: { ...denoiseAnchored(config, inputs, anchors) }, weights });
}

const open: Session[] = [];
afterAll(async () => {
  for (const session of open) await session.release();
});

/** The same number of sets of every query, one query's after another's. */
async function denoiserOf(model: DiffusionModel) {
  const session = await Session.load(onnxOf(model), runtime);
  open.push(session);
  return async (x: Float32Array, queries: readonly Query[], sigma: number, sets = 1): Promise<Denoised> => {
    const n = queries.length;
    const all = (name: keyof Query) => Float32Array.from(queries.flatMap((query) => [...query[name]]));
    const result = await session.run({
      x: { data: x, dims: [n * sets, x.length / (n * sets * D), D] },
      sigma: { data: Float32Array.of(sigma), dims: [1, 1, 1] },
      condition: { data: all('condition'), dims: [n, D] },
      anchors: { data: all('anchors'), dims: [n, N, D] },
      features: { data: all('features'), dims: [n, N, F] },
      guidance: { data: Float32Array.of(0.5), dims: [] },
    });
    return { clean: floats(result.clean), posterior: result.posterior && floats(result.posterior) };
  };
}

function normals(size: number, seed: number, scale = 1): Float32Array {
  return new CounterRandom(seed, 'normals').fillNormal(new Float32Array(size), scale);
}
const noisy = (size: number, seed: number) => normals(size, seed, 0.5);

describe.each([
  ['head anchors', tinyConfig()],
  ['head edm', tinyConfig({ head: 'edm' })],
])('%s', async (_, config) => {
  const denoise = await denoiserOf(randomModel(config));

  const inputs = fc.record({
    seed: fc.nat(),
    batch: fc.integer({ min: 1, max: 4 }),
    rows: fc.integer({ min: 1, max: 7 }),
    sigma: fc.double({ min: 0.1, max: 2, noNaN: true }),
  });
  const queriesOf = (batch: number, seed: number) =>
    Array.from({ length: batch }, (_, i) => queryOf(seed + 10 * i));

  test('permuting rows permutes the result', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, async ({ seed, rows, sigma }) => {
        const order = new CounterRandom(seed, 'order').permutation(rows);
        const permuted = (values: Float32Array) => {
          const size = values.length / rows;
          return values.map((_, i) => values[order[Math.floor(i / size)] * size + (i % size)]);
        };
        const x = noisy(rows * D, seed);
        const query = [queryOf(seed)];
        const before = await denoise(x, query, sigma);
        const after = await denoise(permuted(x), query, sigma);
        expectClose(after.clean, permuted(before.clean));
        if (before.posterior) expectClose(after.posterior, permuted(before.posterior));
      }),
      { numRuns: 25 },
    );
  });

  test('several sets of a query are each as alone, and see no other', async () => {
    await fc.assert(
      fc.asyncProperty(inputs, fc.integer({ min: 1, max: 3 }), async ({ seed, batch, rows, sigma }, sets) => {
        const size = rows * D;
        const x = noisy(batch * sets * size, seed);
        const queries = queriesOf(batch, seed);
        const together = await denoise(x, queries, sigma, sets);
        for (let i = 0; i < batch * sets; i++) {
          const own = [queries[Math.floor(i / sets)]];
          const alone = await denoise(x.slice(i * size, (i + 1) * size), own, sigma);
          expectClose(alone.clean, together.clean.slice(i * size, (i + 1) * size));
        }
      }),
      { numRuns: 25 },
    );
  });

  test('the query matters', async () => {
    const x = noisy(3 * D, 1);
    const other = { ...queryOf(1), condition: queryOf(2).condition };
    const { clean: a } = await denoise(x, [queryOf(1)], 0.5);
    const { clean: b } = await denoise(x, [other], 0.5);
    expect(worstError(a, b)).toBeGreaterThan(1e-3);
  });

  test('without noise it returns its input', async () => {
    const query = queryOf(1);
    // The first three candidates: what lies between candidates is no input of head `anchors`.
    const x = query.anchors.slice(0, 3 * D);
    expectClose((await denoise(x, [query], 1e-6)).clean, x);
  });
});

describe('head anchors', async () => {
  const model = randomModel(tinyConfig());
  model.parameters.get('exclusion')?.data.set([0.7]);
  const denoise = await denoiserOf(model);

  test.each([0.25, 0.5, 1.5])(
    'its posterior is the softmax of the documented logits, at sigma %s',
    async (sigma) => {
      const rows = 3;
      const query = queryOf(4);
      const x = noisy(rows * D, 5);
      // Head `edm` with the same network gives F away: D = skip * x + out * F, guided by nothing.
      const plain = await Session.load(
        denoiserOnnx({ ...model, config: { ...model.config, head: 'edm' } }, { guided: false }),
        runtime,
      );
      const level = { data: Float32Array.of(sigma), dims: [1, 1, 1] };
      const result = await plain.run({
        x: { data: x, dims: [1, rows, D] },
        sigma: level,
        condition: { data: query.condition, dims: [1, D] },
      });
      await plain.release();
      const { skip, out } = preconditioning(sigma, model.config.sigmaData);
      const network = Array.from(floats(result.clean), (value, i) => (value - skip * x[i]) / out);

      const expected = posteriorByHand(model.parameters, { query, x, sigma, network, rows });
      const { clean, posterior } = await denoise(x, [query], sigma);
      expectClose(posterior, expected.flat());
      const mean = expected.flatMap((p) =>
        Array.from({ length: D }, (_, j) => sum(p.map((share, i) => share * query.anchors[i * D + j]))),
      );
      expectClose(clean, mean);
      // Of rows that are sure of a candidate this would say little.
      for (const p of expected) expect(Math.max(...p)).toBeLessThan(0.9999);
    },
  );

  test('before training it is the Bayes denoiser of the prior that the sources tell', async () => {
    const { config, parameters } = untrainedModel(tinyConfig());
    // The first source is the logarithm of the prior; the query votes for nothing, and rows are independent.
    parameters.get('prior.direct.weight')?.data.set([1]);
    parameters.get('condition.vote')?.data.fill(0);
    parameters.get('exclusion')?.data.fill(0);
    const bayes = await denoiserOf({ config, parameters });
    const query = queryOf(7);
    const prior = Array.from({ length: N }, (_, i) => Math.exp(query.features[i * F]));
    for (const sigma of [0.2, 0.5, 2]) {
      const x = noisy(4 * D, 8);
      const { clean } = await bayes(x, [query], sigma);
      for (let r = 0; r < 4; r++) {
        const weights = prior.map((weight, i) => {
          const squares = Array.from({ length: D }, (_, j) => (x[r * D + j] - query.anchors[i * D + j]) ** 2);
          return weight * Math.exp(-sum(squares) / (2 * sigma ** 2));
        });
        const mean = Array.from(
          { length: D },
          (_, j) => sum(weights.map((w, i) => w * query.anchors[i * D + j])) / sum(weights),
        );
        expectClose(clean.slice(r * D, (r + 1) * D), mean);
      }
    }
  });

  test('the order of the candidates does not matter', async () => {
    const query = queryOf(3);
    const order = new CounterRandom(3, 'order').permutation(N);
    const reordered = (values: Float32Array, size: number) =>
      values.map((_, i) => values[order[Math.floor(i / size)] * size + (i % size)]);
    const other = {
      ...query,
      anchors: reordered(query.anchors, D),
      features: reordered(query.features, F),
    };
    const x = noisy(3 * D, 2);
    const before = await denoise(x, [query], 0.6);
    const after = await denoise(x, [other], 0.6);
    expectClose(after.clean, before.clean);
    for (let r = 0; r < 3; r++)
      expectClose(
        after.posterior?.slice(r * N, (r + 1) * N),
        reordered(before.posterior!.slice(r * N, (r + 1) * N), 1),
      );
  });
});

/** p(row is candidate i | all rows), [rows][N], in float64; `network` is F [rows * D]. */
function posteriorByHand(
  parameters: Parameters,
  {
    query,
    x,
    sigma,
    network,
    rows,
  }: { query: Query; x: Float32Array; sigma: number; network: readonly number[]; rows: number },
): number[][] {
  const weight = (name: string) => [...(parameters.get(name)?.data ?? [])];
  /** Values times a weight [values, columns]. */
  const times = (values: readonly number[], name: string) => {
    const matrix = weight(name);
    const columns = matrix.length / values.length;
    return Array.from({ length: columns }, (_, c) => sum(values.map((v, i) => v * matrix[i * columns + c])));
  };
  const vote = times([...query.condition], 'condition.vote');
  const prior = Array.from({ length: N }, (_, i) => {
    const said = [...query.features.subarray(i * F, (i + 1) * F)];
    const bias = weight('prior.in.bias');
    const hidden = times(said, 'prior.in.weight').map((v, h) => {
      const y = v + bias[h];
      return y / (1 + Math.exp(-y));
    });
    const [out] = times(hidden, 'prior.out.weight');
    return out + times(said, 'prior.direct.weight')[0];
  });
  const near = Array.from({ length: rows }, (_, r) =>
    prior.map((w, i) => {
      const terms = vote.map((own, j) => {
        const evidence = x[r * D + j] / sigma ** 2 + network[r * D + j] + own;
        return query.anchors[i * D + j] * evidence;
      });
      return sum(terms) + w;
    }),
  );
  return excluded(near, weight('exclusion')[0]).map(softmax);
}

/** Every logit, lowered by how likely another row has taken the anchor. */
function excluded(logits: readonly number[][], strength: number): number[][] {
  const taken = logits.map(softmax);
  return logits.map((row, r) =>
    row.map((logit, i) => {
      const free = taken.filter((_, other) => other !== r).reduce((p, row) => p * (1.0001 - row[i]), 1);
      return logit + strength * Math.log(free);
    }),
  );
}

describe('excludeTaken', () => {
  async function run(logits: readonly number[][], strength: number): Promise<number[][]> {
    const graph = new Graph();
    const value = graph.input('logits', [1, 'rows', 'n']);
    const lowered = excludeTaken(value, graph.scalar(strength));
    const session = await Session.compile(graph, { lowered }, runtime);
    const [rows, n] = [logits.length, logits[0].length];
    const result = await session.run({
      logits: { data: Float32Array.from(logits.flat()), dims: [1, rows, n] },
    });
    await session.release();
    const data = floats(result.lowered);
    return logits.map((_, r) => [...data.subarray(r * n, (r + 1) * n)]);
  }

  test.each([0, 0.5, 1])('lowers logits by what the others leave free, at strength %s', async (strength) => {
    const logits = Array.from({ length: 4 }, (_, r) => [...normals(5, r, 2)]);
    const lowered = await run(logits, strength);
    expectClose(lowered.flat(), excluded(logits, strength).flat());
    if (strength === 0) expectClose(lowered.flat(), logits.flat());
  });

  test('of two rows that want one anchor the surer gets it', async () => {
    const [sure, unsure] = await run(
      [
        [9, 0, 0],
        [3, 2, 0],
      ],
      1,
    );
    expect(sure.indexOf(Math.max(...sure))).toBe(0);
    expect(unsure.indexOf(Math.max(...unsure))).toBe(1);
  });

  test('leaves a row that is alone as it is', async () => {
    expectClose((await run([[3, -1, 0.5]], 1)).flat(), [3, -1, 0.5]);
  });
});

test('inclusion is the share of all assignments in which a row is the anchor', async () => {
  const [rows, n] = [4, 3];
  const posterior = Array.from({ length: rows }, (_, r) => softmax([...normals(n, r)]));
  const expected = new Array<number>(n).fill(0);
  for (let code = 0; code < n ** rows; code++) {
    const assigned = posterior.map((_, r) => Math.floor(code / n ** r) % n);
    const probability = assigned.reduce((p, anchor, r) => p * posterior[r][anchor], 1);
    for (const anchor of new Set(assigned)) expected[anchor] += probability;
  }
  const graph = new Graph();
  const inclusion = inclusionOf(graph.input('posterior', ['batch', rows, n]));
  const session = await Session.compile(graph, { inclusion }, runtime);
  const result = await session.run({
    posterior: { data: Float32Array.from(posterior.flat()), dims: [1, rows, n] },
  });
  await session.release();
  // The margin of 1e-4 a row is what keeps the logarithm finite.
  expect(worstError(floats(result.inclusion), expected)).toBeLessThan(rows * 1e-4);
});

describe('the loss', () => {
  const BATCH = 3;
  const ROWS = 4;
  const sigmas = [0.2, 0.6, 1.4];

  /** Loss and answer for noisy rows, both by their own graph code. */
  async function both(
    model: DiffusionModel,
    build: (values: Record<string, Value>, config: DenoiserConfig) => Record<string, Value>,
  ): Promise<{
    feeds: Record<string, { data: Float32Array | Int32Array }>;
    results: Record<string, Float32Array>;
  }> {
    const { config, parameters } = model;
    const graph = new Graph();
    const shapes = {
      clean: [BATCH, ROWS, D],
      noise: [BATCH, ROWS, D],
      condition: [BATCH, D],
      anchors: [BATCH, N, D],
      features: [BATCH, N, F],
      earlier: [BATCH, ROWS, N],
    };
    const feeds: Record<string, { data: Float32Array | Int32Array; dims: number[] }> = {
      sigma: { data: Float32Array.from(sigmas), dims: [BATCH, 1, 1] },
      labels: {
        data: Int32Array.from({ length: BATCH * ROWS }, (_, i) => (5 * i) % N),
        dims: [BATCH, ROWS, 1],
      },
    };
    Object.entries(shapes).forEach(([name, dims], i) => {
      feeds[name] = {
        data: noisy(
          dims.reduce((a, b) => a * b),
          i,
        ),
        dims,
      };
    });
    // The rows come in the order that they have.
    feeds.earlier.data = Float32Array.from({ length: BATCH * ROWS * N }, (_, i) => {
      const [row, candidate] = [Math.floor(i / N), i % N];
      const before = feeds.labels.data.subarray(row - (row % ROWS), row);
      return Number(before.some((label) => label === candidate));
    });
    const values = Object.fromEntries(
      Object.entries(feeds).map(([name, { data, dims }]) => [
        name,
        graph.input(name, dims, data instanceof Int32Array ? 'int32' : 'float32'),
      ]),
    );
    const session = await Session.compile(graph, build(values, config), runtime);
    const results = await session.run({ ...feeds, ...parameterFeeds(parameters) } as Feeds);
    await session.release();
    return {
      feeds,
      results: Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, floats(tensor)])),
    };
  }

  const noised = ({ clean, noise, sigma }: Record<string, Value>) => ops.add(clean, ops.mul(noise, sigma));

  test('of head anchors is the cross entropy of the posterior and of the order', async () => {
    const { feeds, results } = await both(randomModel(tinyConfig()), (values, config) => {
      const { clean, noise, sigma } = values;
      const condition = conditionMemory(config, values.condition);
      const anchors = anchorsOf({
        vectors: values.anchors,
        sources: values.features,
      });
      const inputs = { clean, noise, sigma, condition };
      return {
        loss: anchoredLoss(config, inputs, anchors, values.labels, values.earlier),
        posterior: denoiseAnchored(config, { x: noised(values), sigma, condition }, anchors).posterior,
        order: anchors.order,
      };
    });
    const expected = sigmas.map((_, set) => {
      const scores = [...results.order.subarray(set * N, (set + 1) * N)];
      const labels = feeds.labels.data.subarray(set * ROWS, (set + 1) * ROWS);
      const nats = Array.from(labels, (label, r) => {
        const left = scores.map((score, i) => (labels.subarray(0, r).includes(i) ? -Infinity : score));
        const posterior = results.posterior[(set * ROWS + r) * N + label];
        return -Math.log(posterior) - Math.log(softmax(left)[label]);
      });
      return sum(nats) / ROWS;
    });
    expectClose(results.loss, expected);
  });

  test('of head edm is the weighted squared error', async () => {
    const config = tinyConfig({ head: 'edm' });
    const { feeds, results } = await both(randomModel(config), (values) => {
      const { clean, noise, sigma } = values;
      const condition = conditionMemory(config, values.condition);
      return {
        loss: rowsLoss(config, { clean, noise, sigma, condition }),
        denoised: denoiseRows(config, { x: noised(values), sigma, condition }),
      };
    });
    const size = ROWS * D;
    const expected = sigmas.map((sigma, set) => {
      const squares = Array.from(
        { length: size },
        (_, i) => (results.denoised[set * size + i] - feeds.clean.data[set * size + i]) ** 2,
      );
      return (lossWeight(sigma, config.sigmaData) * sum(squares)) / size;
    });
    results.loss.forEach((loss, i) => {
      expect(loss / expected[i]).toBeCloseTo(1, 4);
    });
  });

  test.each(['anchors', 'edm'] as const)(
    'of head %s has the gradients of finite differences',
    async (head) => {
      const [d, dz, candidates, sources] = [3, 2, 4, 2];
      const config = tinyConfig({
        head,
        dimension: d,
        conditionDimension: dz,
        width: 4,
        hidden: 3,
        heads: 2,
        layers: 1,
        conditionTokens: 2,
        conditionWidth: 2,
        noiseFeatures: 4,
        ...(head === 'anchors' && { standard: { means: [0, 0], deviations: [1, 1] } }),
      });
      expect(sourcesOf(config)).toBe(head === 'anchors' ? sources : 0);
      // Those of the order's scores are in `orderHead.test.ts`.
      const specs = [...parameterGraph(config).parameters].filter(([name]) => !name.startsWith('order.'));
      const weights = specs.map(([name, { shape }]): [string, Operand] => [
        name,
        { shape, range: [-0.8, 0.8] },
      ]);
      const own: Record<string, Operand> = {
        clean: { shape: ['batch', 2, d], range: [-1, 1] },
        noise: { shape: ['batch', 2, d] },
        sigma: { shape: ['batch', 1, 1], range: [0.5, 1.5] },
        condition: { shape: ['batch', dz] },
        kept: { shape: ['batch', 1, 1], range: [0, 1] },
      };
      const beside: Record<string, Operand> = {
        anchors: { shape: ['batch', candidates, d], range: [-1, 1] },
        features: { shape: ['batch', candidates, sources] },
        order: { shape: ['batch', 1, candidates] },
        // The last candidate came before the second row.
        labels: { shape: ['batch', 2, 1], below: candidates - 1 },
      };
      await checkGradients<string>({
        operands: { ...own, ...(head === 'anchors' && beside), ...Object.fromEntries(weights) },
        f: (values, graph) => {
          // What the code asks for as a parameter is an operand here.
          for (const [name, spec] of specs) graph.parameters.set(name, { ...spec, value: values[name] });
          const { clean, noise, sigma } = values;
          const condition = conditionMemory(config, values.condition, values.kept);
          const inputs = { clean, noise, sigma, condition };
          if (head === 'edm') {
            const loss = rowsLoss(config, inputs);
            graph.parameters.clear();
            return loss;
          }
          const { anchors: vectors, features, labels, order } = values;
          const anchors = { ...anchorsOf({ vectors, sources: features }), order };
          const earlier = graph.constant(Float32Array.of(0, 0, 0, 0, 0, 0, 0, 1), [1, 2, candidates]);
          const loss = anchoredLoss(config, inputs, anchors, labels, earlier);
          graph.parameters.clear();
          return loss;
        },
        sizes: [{ batch: 2 }],
        tolerance: 1e-4,
      });
    },
  );
});

test('the paper preset has 53.9M parameters', () => {
  const config = tinyConfig({ ...presets.paper, dimension: 128, conditionDimension: 128 });
  expect(countParameters(parameterGraph(config)) / 1e6).toBeCloseTo(53.9, 1);
});

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function softmax(logits: readonly number[]): number[] {
  const powers = logits.map((x) => Math.exp(x - Math.max(...logits)));
  return powers.map((p) => p / sum(powers));
}

function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  expect(actual).toHaveLength(expected.length);
  return Math.max(...Array.from(actual, (value, i) => Math.abs(value - expected[i])));
}

function expectClose(actual: ArrayLike<number> | undefined, expected: ArrayLike<number>): void {
  expect(actual && worstError(actual, expected)).toBeLessThan(2e-4);
}
