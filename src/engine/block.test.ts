import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { gradients } from './gradients.js';
import { Graph, type Value } from './graph.js';
import * as ops from './ops.js';
import { type Parameters, parameterFeeds, zeros } from './parameters.js';
import { Session, type Tensor } from './session.js';
import { Trainer } from './trainer.js';

/** What `fixtures/make_block.py` has PyTorch compute. */
interface Figures {
  readonly inputs: Readonly<Record<string, Stored>>;
  readonly target: Stored;
  readonly output: Stored;
  readonly start: Readonly<Record<string, Stored>>;
  readonly gradients: Readonly<Record<string, Stored>>;
  readonly end: Readonly<Record<string, Stored>>;
  readonly losses: readonly number[];
}
interface Stored {
  readonly dims: readonly number[];
  readonly data: readonly number[];
}

const HEADS = 2;
const TIME = 5;
const figures: Record<string, Figures> = JSON.parse(
  readFileSync(new URL('./fixtures/block.json', import.meta.url), 'utf8'),
);

type Weight = (name: string) => Value;

/** [b, t, d] -> [b, heads, t, d / heads] */
const splitHeads = (x: Value): Value => {
  const [batch, time, width] = x.shape;
  return ops.transpose(ops.reshape(x, [batch, time, HEADS, (width as number) / HEADS]), [0, 2, 1, 3]);
};
const mergeHeads = (x: Value): Value => {
  const [batch, heads, time, width] = x.shape;
  return ops.reshape(ops.transpose(x, [0, 2, 1, 3]), [batch, time, (heads as number) * (width as number)]);
};

function attend(q: Value, k: Value, v: Value, mask?: Value): Value {
  const scores = ops.matmul(q, k, { transB: true, alpha: 1 / Math.sqrt(q.shape[3] as number) });
  return mergeHeads(ops.matmul(ops.softmax(mask ? ops.add(scores, mask) : scores), v));
}

function setBlock(x: Value, context: Value, weight: Weight): Value {
  const norm = (value: Value, name: string) =>
    ops.layerNorm(value, weight(`${name}.weight`), weight(`${name}.bias`));
  const attention = (from: Value, to: Value, name: string) => {
    const [wq, wk, wv] = ops.split(weight(`${name}.in_proj_weight`), [8, 8, 8], 1);
    const [q, k, v] = [ops.matmul(from, wq), ops.matmul(to, wk), ops.matmul(to, wv)].map(splitHeads);
    return ops.matmul(attend(q, k, v), weight(`${name}.out_proj.weight`));
  };
  const linear = (value: Value, name: string) =>
    ops.add(ops.matmul(value, weight(`${name}.weight`)), weight(`${name}.bias`));
  const h = norm(x, 'norm1');
  const x1 = ops.add(x, attention(h, h, 'attention'));
  const x2 = ops.add(x1, attention(norm(x1, 'norm2'), context, 'cross'));
  return ops.add(x2, linear(ops.gelu(linear(norm(x2, 'norm3'), 'up')), 'down'));
}

function decoderBlock(x: Value, weight: Weight): Value {
  const { graph } = x;
  const width = 8 / HEADS;
  const angles = Float32Array.from({ length: TIME * width }, (_, i) => {
    const pair = (i % width) % (width / 2);
    return Math.floor(i / width) * 10000 ** (-pair / (width / 2));
  });
  const cosines = graph.constant(angles.map(Math.cos), [TIME, width]);
  const sines = graph.constant(angles.map(Math.sin), [TIME, width]);
  const rotate = (value: Value) => {
    const [a, b] = ops.split(value, [width / 2, width / 2], -1);
    return ops.add(ops.mul(value, cosines), ops.mul(ops.concat([ops.neg(b), a], 3), sines));
  };
  const mask = Float32Array.from({ length: TIME * TIME }, (_, i) =>
    i % TIME <= Math.floor(i / TIME) ? 0 : -1e9,
  );
  const h = ops.rmsNorm(x, weight('norm1.weight'));
  const [q, k, v] = ['q', 'k', 'v'].map((name) => splitHeads(ops.matmul(h, weight(`${name}.weight`))));
  const attended = attend(rotate(q), rotate(k), v, graph.constant(mask, [TIME, TIME]));
  const x1 = ops.add(x, ops.matmul(attended, weight('o.weight')));
  const h2 = ops.rmsNorm(x1, weight('norm2.weight'));
  const gated = ops.mul(ops.silu(ops.matmul(h2, weight('gate.weight'))), ops.matmul(h2, weight('up.weight')));
  return ops.add(x1, ops.matmul(gated, weight('down.weight')));
}

const float32 = ({ dims, data }: Stored) => ({ dims, data: Float32Array.from(data) });

/** Every entry within 1e-5 of the tensor's largest. */
function expectEqual(actual: Tensor, expected: Stored, what: string): void {
  expect(actual.dims, what).toEqual(expected.dims);
  const scale = Math.max(...expected.data.map(Math.abs));
  const error = Math.max(...expected.data.map((x, i) => Math.abs(x - Number(actual.data[i]))));
  expect(error / scale, what).toBeLessThan(1e-5);
}

describe.each(['set', 'decoder'])('a %s block against PyTorch', (kind) => {
  const { inputs, target, output, start, gradients: expected, end, losses } = figures[kind];
  const graph = new Graph();
  const weight: Weight = (name) => graph.parameter(name, start[name].dims, zeros);
  const x = graph.input('x', ['batch', TIME, 8]);
  const y =
    kind === 'set'
      ? setBlock(x, graph.input('context', ['batch', 'context', 8]), weight)
      : decoderBlock(x, weight);
  const error = ops.sub(y, graph.input('target', ['batch', TIME, 8]));
  const loss = ops.mean(ops.square(error));
  const parameters: Parameters = new Map(
    Object.entries(start).map(([name, stored]) => [name, float32(stored)]),
  );
  const feeds = Object.fromEntries(
    Object.entries({ ...inputs, target }).map(([name, stored]) => [name, float32(stored)]),
  );

  it('has the same output and gradients', async () => {
    const names = [...graph.parameters.keys()];
    expect(names.toSorted()).toEqual(Object.keys(start).toSorted());
    const derivatives = gradients(
      loss,
      names.map((name) => weight(name)),
    );
    const outputs = Object.fromEntries(names.map((name, i) => [`d ${name}`, derivatives[i]]));
    const session = await Session.compile(graph, { y, ...outputs });
    const results = await session.run({ ...feeds, ...parameterFeeds(parameters) });
    expectEqual(results.y, output, 'y');
    for (const name of names) expectEqual(results[`d ${name}`], expected[name], `d ${name}`);
  });

  it('has the same parameters after three steps of AdamW', async () => {
    const optimizer = { beta1: 0.9, beta2: 0.95, epsilon: 1e-6, weightDecay: 0.1 };
    const trainer = await Trainer.create({ loss, parameters, optimizer });
    for (const expectedLoss of losses) {
      const step = await trainer.train(feeds, { learningRate: 1e-2 });
      expect(Math.abs(step.loss / expectedLoss - 1)).toBeLessThan(1e-5);
    }
    for (const [name, tensor] of trainer.parameters) expectEqual(tensor, end[name], name);
  });
});
