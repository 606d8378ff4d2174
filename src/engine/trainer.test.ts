import { describe, expect, it } from 'vitest';
import { TrainingError } from '../errors.js';
import { CounterRandom } from '../random.js';
import { Graph } from './graph.js';
import * as ops from './ops.js';
import { warmupCosine } from './optimizer.js';
import { initialize, likeParameters, normal, type Parameters } from './parameters.js';
import type { Feeds } from './session.js';
import { Trainer, type TrainerOptions, type TrainerState } from './trainer.js';

const WIDTH = 4;

/** Linear least squares, `mean((x w + b - y)^2)`, whose gradient the tests can write down. */
function leastSquares(): Pick<TrainerOptions, 'loss'> & { graph: Graph } {
  const graph = new Graph();
  const x = graph.input('x', ['batch', WIDTH]);
  const w = graph.parameter('w', [WIDTH, 1], normal(1));
  const b = graph.parameter('b', [1], normal(1));
  const error = ops.sub(ops.add(ops.matmul(x, w), b), graph.input('y', ['batch', 1]));
  return { graph, loss: ops.mean(ops.square(error)) };
}

function batchOf(step: number, rows = 8): Feeds {
  const random = new CounterRandom(3, 'batch', step);
  const x = random.fillNormal(new Float32Array(rows * WIDTH));
  const y = random.fillNormal(new Float32Array(rows), 3);
  return { x: { data: x, dims: [rows, WIDTH] }, y: { data: y, dims: [rows, 1] } };
}

async function steps(trainer: Trainer, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await trainer.train(batchOf(trainer.step), { learningRate: 0.05 });
}

const copyOf = ({ step, groups }: TrainerState): TrainerState => ({
  step,
  groups: Object.fromEntries(
    Object.entries(groups).map(([key, group]) => [key, likeParameters(group, true)]),
  ),
});

/** AdamW, clipping and the moving average as their papers write them, in float64. */
class PlainTrainer {
  readonly weights: number[];
  readonly average: number[];
  private readonly m: number[];
  private readonly v: number[];
  private t = 0;

  constructor(start: Parameters) {
    this.weights = [...(start.get('w')?.data ?? []), ...(start.get('b')?.data ?? [])];
    this.average = [...this.weights];
    this.m = this.weights.map(() => 0);
    this.v = this.weights.map(() => 0);
  }

  step(
    batch: Feeds,
    { learningRate, weightDecay, clipNorm, emaDecay, beta1, beta2, epsilon }: Record<string, number>,
  ) {
    const x = batch.x.data as Float32Array;
    const y = batch.y.data as Float32Array;
    const gradient = this.weights.map(() => 0);
    let loss = 0;
    for (let i = 0; i < y.length; i++) {
      const row = [...x.subarray(i * WIDTH, (i + 1) * WIDTH), 1];
      const error = row.reduce((sum, value, j) => sum + value * this.weights[j], 0) - y[i];
      loss += error ** 2 / y.length;
      row.forEach((value, j) => {
        gradient[j] += (2 * error * value) / y.length;
      });
    }
    const norm = Math.hypot(...gradient);
    const scale = Math.min(1, clipNorm / norm);
    this.t++;
    const decay = Math.min(emaDecay, this.t / (9 + this.t));
    gradient.forEach((raw, j) => {
      const g = raw * scale;
      this.m[j] = beta1 * this.m[j] + (1 - beta1) * g;
      this.v[j] = beta2 * this.v[j] + (1 - beta2) * g * g;
      const mHat = this.m[j] / (1 - beta1 ** this.t);
      const vHat = this.v[j] / (1 - beta2 ** this.t);
      const isMatrix = j < WIDTH;
      this.weights[j] -=
        learningRate * (mHat / (Math.sqrt(vHat) + epsilon) + (isMatrix ? weightDecay * this.weights[j] : 0));
      this.average[j] = decay * this.average[j] + (1 - decay) * this.weights[j];
    });
    return { loss, norm };
  }
}

const flat = (parameters: Parameters) =>
  ['w', 'b'].flatMap((name) => [...(parameters.get(name)?.data ?? [])]);

describe('Trainer', () => {
  it.each([
    { weightDecay: 0, clipNorm: 1e9, emaDecay: 0.99, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    { weightDecay: 0.1, clipNorm: 2, emaDecay: 0.9, beta1: 0.8, beta2: 0.95, epsilon: 1e-3 },
  ])('follows AdamW, clipping and the moving average in float64: %o', async (options) => {
    const { graph, loss } = leastSquares();
    const parameters = initialize(graph, 1);
    const { clipNorm, emaDecay, ...optimizer } = options;
    const trainer = await Trainer.create({ loss, parameters, optimizer, clipNorm, emaDecay });
    const plain = new PlainTrainer(parameters);
    for (let i = 0; i < 200; i++) {
      const learningRate = warmupCosine(i, { peak: 0.05, warmupSteps: 10, totalSteps: 200 });
      const actual = await trainer.train(batchOf(i), { learningRate });
      const expected = plain.step(batchOf(i), { ...options, learningRate });
      expect(Math.abs(actual.loss / expected.loss - 1)).toBeLessThan(1e-4);
      expect(Math.abs(actual.gradientNorm / expected.norm - 1)).toBeLessThan(1e-3);
    }
    flat(trainer.parameters).forEach((x, j) => {
      expect(Math.abs(x - plain.weights[j])).toBeLessThan(2e-5);
    });
    flat(trainer.averaged).forEach((x, j) => {
      expect(Math.abs(x - plain.average[j])).toBeLessThan(2e-5);
    });
    await trainer.release();
  });

  it('goes on from a copied state bit for bit', async () => {
    const { graph, loss } = leastSquares();
    const options = {
      loss,
      parameters: initialize(graph, 1),
      clipNorm: 1,
      emaDecay: 0.99,
      optimizer: { weightDecay: 0.1 },
    };
    const first = await Trainer.create(options);
    await steps(first, 7);
    const saved = copyOf(first.state);
    await steps(first, 6);

    const fresh = leastSquares();
    const second = await Trainer.create({
      ...options,
      loss: fresh.loss,
      parameters: initialize(fresh.graph, 2),
    });
    second.restore(saved);
    expect(second.step).toBe(7);
    await steps(second, 6);
    expect(second.state).toEqual(first.state);
  });

  it('refuses a state of another model and stays as it was', async () => {
    const { graph, loss } = leastSquares();
    const trainer = await Trainer.create({ loss, parameters: initialize(graph, 1) });
    await steps(trainer, 2);
    const before = copyOf(trainer.state);
    const { groups } = copyOf(trainer.state);
    groups.parameters.get('w')?.data.fill(0);
    groups['moments.V'].delete('b');
    expect(() => trainer.restore({ step: 1, groups })).toThrow('moments.V b');
    expect(trainer.state).toEqual(before);
  });

  it('gives the same bits for the same seed, and others for another', async () => {
    const run = async (seed: number) => {
      const { graph, loss } = leastSquares();
      const trainer = await Trainer.create({ loss, parameters: initialize(graph, seed) });
      await steps(trainer, 5);
      return flat(trainer.parameters);
    };
    const once = await run(1);
    expect(await run(1)).toEqual(once);
    expect(await run(2)).not.toEqual(once);
  });

  it('stops at a loss that is not finite and keeps the parameters of the step before', async () => {
    const { graph, loss } = leastSquares();
    const trainer = await Trainer.create({ loss, parameters: initialize(graph, 1), emaDecay: 0.9 });
    await steps(trainer, 3);
    const before = copyOf(trainer.state);
    const bad = batchOf(3);
    bad.x.data[2] = Number.NaN;
    const failure = trainer.train(bad, { learningRate: 0.05 });
    await expect(failure).rejects.toThrow(TrainingError);
    await expect(failure).rejects.toMatchObject({ step: 3 });
    expect(trainer.state).toEqual(before);
    await steps(trainer, 1);
    expect(trainer.step).toBe(4);
  });

  it('takes batches of any size with one compiled session', async () => {
    const { graph, loss } = leastSquares();
    const parameters = initialize(graph, 1);
    const trainer = await Trainer.create({ loss, parameters });
    const plain = new PlainTrainer(parameters);
    const options = {
      learningRate: 0.05,
      weightDecay: 0,
      clipNorm: 1e9,
      emaDecay: 0,
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
    };
    for (const rows of [8, 1, 33, 2]) {
      const batch = batchOf(rows, rows);
      const actual = await trainer.train(batch, options);
      expect(Math.abs(actual.loss / plain.step(batch, options).loss - 1)).toBeLessThan(1e-5);
    }
  });

  it('reports metrics and leaves the start values alone', async () => {
    const { graph, loss } = leastSquares();
    const parameters = initialize(graph, 1);
    const start = flat(parameters);
    const trainer = await Trainer.create({ loss, parameters, metrics: { root: ops.sqrt(loss) } });
    const result = await trainer.train(batchOf(0), { learningRate: 0.05 });
    expect(result.metrics.root.data[0]).toBeCloseTo(Math.sqrt(result.loss), 5);
    expect(flat(parameters)).toEqual(start);
    expect(flat(trainer.parameters)).not.toEqual(start);
  });

  it('refuses start values that are missing or of another shape', async () => {
    const { graph, loss } = leastSquares();
    const parameters = initialize(graph, 1);
    parameters.set('b', { data: new Float32Array(2), dims: [2] });
    await expect(Trainer.create({ loss, parameters })).rejects.toThrow('parameter b');
  });
});

describe('warmupCosine', () => {
  const schedule = { peak: 2, warmupSteps: 4, totalSteps: 12, final: 0.1 };
  it('rises in a line, falls along half a cosine and stays at the end', () => {
    expect([0, 1, 3].map((step) => warmupCosine(step, schedule))).toEqual([0.5, 1, 2]);
    expect(warmupCosine(4, schedule)).toBeCloseTo(2, 12);
    expect(warmupCosine(8, schedule)).toBeCloseTo(1.1, 12);
    expect(warmupCosine(12, schedule)).toBeCloseTo(0.2, 12);
    expect(warmupCosine(99, schedule)).toBeCloseTo(0.2, 12);
  });
  it('needs no warm-up', () => {
    expect(warmupCosine(0, { peak: 1, warmupSteps: 0, totalSteps: 10 })).toBe(1);
  });
});

describe('a batch in parts', () => {
  const part = (batch: Feeds, start: number, end: number): Feeds =>
    Object.fromEntries(
      Object.entries(batch).map(([name, { data, dims }]) => {
        const width = dims[1];
        return [
          name,
          { data: (data as Float32Array).slice(start * width, end * width), dims: [end - start, width] },
        ];
      }),
    );
  const sizes = [
    [0, 3],
    [3, 4],
    [4, 8],
  ];

  it('is trained on as the whole batch is', async () => {
    const { graph, loss } = leastSquares();
    const options = {
      loss,
      parameters: initialize(graph, 1),
      clipNorm: 1,
      emaDecay: 0.9,
      metrics: { same: ops.mul(loss, 2) },
    };
    const whole = await Trainer.create(options);
    const again = leastSquares();
    const inParts = await Trainer.create({
      ...options,
      loss: again.loss,
      metrics: { same: ops.mul(again.loss, 2) },
    });
    for (let step = 0; step < 5; step++) {
      const batch = batchOf(step);
      const expected = await whole.train(batch, { learningRate: 0.05 });
      const parts = sizes.map(([start, end]) => ({
        feeds: part(batch, start, end),
        share: (end - start) / 8,
      }));
      const result = await inParts.train(parts, { learningRate: 0.05 });
      expect(result.loss).toBeCloseTo(expected.loss, 5);
      expect(result.gradientNorm).toBeCloseTo(expected.gradientNorm, 4);
      expect(result.metrics.same.data[0]).toBeCloseTo(2 * expected.loss, 4);
    }
    for (const name of ['w', 'b'])
      inParts.averaged.get(name)?.data.forEach((x, i) => {
        expect(x).toBeCloseTo(whole.averaged.get(name)?.data[i] as number, 5);
      });
    await expect(whole.train([], { learningRate: 0.05 })).rejects.toThrow('has no parts');
    await whole.release();
    await inParts.release();
  });

  it('leaves frozen parameters as they are', async () => {
    const { graph, loss } = leastSquares();
    const all = initialize(graph, 1);
    const frozen = new Map([['w', all.get('w') as NonNullable<ReturnType<typeof all.get>>]]);
    const before = frozen.get('w')?.data.slice();
    const trainer = await Trainer.create({ loss, parameters: all, frozen });
    const b = all.get('b')?.data[0];
    for (let step = 0; step < 3; step++) await trainer.train(batchOf(step), { learningRate: 0.05 });
    expect([...trainer.parameters.keys()]).toEqual(['b']);
    expect(trainer.parameters.get('b')?.data[0]).not.toBe(b);
    expect(frozen.get('w')?.data).toEqual(before);
    await trainer.release();
  });
});
