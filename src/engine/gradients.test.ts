import { describe, expect, it, test } from 'vitest';
import { gradients } from './gradients.js';
import { Graph, type Shape, type Value } from './graph.js';
import * as ops from './ops.js';
import { zeros } from './parameters.js';
import { Session } from './session.js';
import { checkGradients } from './testing/checkGradients.js';

const POSITIVE = [0.5, 3] as const;

describe('element by element', () => {
  const unary = {
    neg: ops.neg,
    exp: ops.exp,
    tanh: ops.tanh,
    sigmoid: ops.sigmoid,
    relu: ops.relu,
    erf: ops.erf,
    sin: ops.sin,
    cos: ops.cos,
    square: ops.square,
    silu: ops.silu,
    gelu: ops.gelu,
    geluTanh: ops.geluTanh,
  };
  test.each(Object.entries(unary))('%s', async (_, f) => {
    await checkGradients({
      operands: { x: { shape: [3, 5], range: [-4, 4] } },
      f: ({ x }) => f(x),
      tolerance: 5e-5,
    });
  });
  test.each(Object.entries({ log: ops.log, sqrt: ops.sqrt }))('%s', async (_, f) => {
    await checkGradients({ operands: { x: { shape: [3, 5], range: POSITIVE } }, f: ({ x }) => f(x) });
  });

  const binary = {
    add: ops.add,
    sub: ops.sub,
    mul: ops.mul,
    div: ops.div,
    minimum: ops.minimum,
    maximum: ops.maximum,
  };
  const shapes: [Shape, Shape][] = [
    [
      [2, 3],
      [2, 3],
    ],
    [[2, 3, 4], [4]],
    [
      [3, 1],
      [2, 1, 4],
    ],
    [
      [2, 1, 3],
      [1, 4, 1],
    ],
    [[2, 3], []],
    [[1], [2, 3]],
    [
      ['batch', 'time', 3],
      ['time', 1],
    ],
    [
      ['batch', 1, 3],
      ['batch', 'time', 1],
    ],
    [
      ['batch', 2, 'time', 3],
      ['batch', 1, 'time', 1],
    ],
    [
      ['batch', 2, 'time', 3],
      [2, 1, 3],
    ],
  ];
  const sizes = [
    { batch: 2, time: 3 },
    { batch: 4, time: 2 },
  ];
  for (const [name, f] of Object.entries(binary)) {
    test.each(shapes)(`${name} of [%s] and [%s]`, async (a, b) => {
      await checkGradients({
        operands: { a: { shape: a, range: POSITIVE }, b: { shape: b, range: POSITIVE } },
        f: (x) => f(x.a, x.b),
        sizes,
      });
    });
  }
  it('takes numbers for operands', async () => {
    await checkGradients({
      operands: { x: { shape: [4], range: POSITIVE } },
      f: ({ x }) => ops.div(1, ops.sub(ops.add(ops.mul(3, x), 1), 0.5)),
    });
  });
  it('clip', async () => {
    await checkGradients({ operands: { x: { shape: [20] } }, f: ({ x }) => ops.clip(x, -0.5, 1) });
  });
  it('passes the gradient through at both ends of a clip', async () => {
    const graph = new Graph();
    const x = graph.input('x', [4]);
    const [dx] = gradients(ops.sum(ops.clip(x, -1, 1)), [x]);
    const session = await Session.compile(graph, { dx });
    const { dx: actual } = await session.run({ x: { data: Float32Array.of(-1, 1, -2, 2), dims: [4] } });
    expect([...(actual.data as Float32Array)]).toEqual([1, 1, 0, 0]);
  });
  test.each([
    [
      [2, 3],
      [2, 3],
      [2, 3],
    ],
    [[2, 1], [3], [2, 3]],
    [[4, 2, 3], [1], [2, 1]],
  ])('where [%s] ? [%s] : [%s]', async (c, a, b) => {
    await checkGradients({
      operands: { c: { shape: c }, a: { shape: a }, b: { shape: b } },
      f: (x) => {
        const condition = ops.less(ops.stopGradient(x.c), 0);
        // `c` also appears outside so that it has a gradient to check: the one that does not come from the condition.
        return ops.add(ops.where(condition, x.a, x.b), x.c);
      },
    });
  });
});

describe('matrix products', () => {
  const booleans = [false, true];
  const leading: [number[], number[]][] = [
    [[], []],
    [[2], [2]],
    [
      [2, 3],
      [2, 3],
    ],
    [[2], []],
    [[2, 3], []],
    [[], [2]],
    [[2, 3], [3]],
    [
      [2, 1],
      [1, 3],
    ],
  ];
  for (const transA of booleans) {
    for (const transB of booleans) {
      for (const alpha of [1, 0.5]) {
        test.each(leading)(
          `transA ${transA}, transB ${transB}, alpha ${alpha}, batches [%s] and [%s]`,
          async (x, y) => {
            await checkGradients({
              operands: {
                a: { shape: [...x, ...(transA ? [4, 3] : [3, 4])] },
                b: { shape: [...y, ...(transB ? [5, 4] : [4, 5])] },
              },
              f: ({ a, b }) => ops.matmul(a, b, { transA, transB, alpha }),
            });
          },
        );
      }
    }
  }
  const sizes = [
    { batch: 2, time: 3, words: 4 },
    { batch: 1, time: 5, words: 2 },
  ];
  test.each<[Shape, Shape, boolean]>([
    [['batch', 'time', 4], [4, 3], false],
    [['batch', 2, 'time', 4], [3, 4], true],
    [['batch', 2, 'time', 4], ['batch', 2, 'time', 4], true],
    [['batch', 2, 'time', 'time'], ['batch', 2, 'time', 4], false],
    [['batch', 'time', 'words'], ['words', 3], false],
    [['batch', 'time', 3], ['words', 3], true],
  ])('[%s] and [%s], transB %s', async (a, b, transB) => {
    await checkGradients({
      operands: { a: { shape: a }, b: { shape: b } },
      f: (x) => ops.matmul(x.a, x.b, { transB }),
      sizes,
    });
  });
  it('refuses operands that do not fit', () => {
    const graph = new Graph();
    const a = graph.input('a', [2, 3]);
    expect(() => ops.matmul(a, a)).toThrow(RangeError);
    expect(() => ops.matmul(a, graph.input('v', [3]))).toThrow(RangeError);
  });
});

describe('shapes', () => {
  const sizes = [
    { batch: 2, time: 4 },
    { batch: 3, time: 5 },
  ];
  const unary = (shape: Shape, f: (x: Value, graph: Graph) => Value | readonly Value[]) =>
    checkGradients({ operands: { x: { shape } }, f: ({ x }, graph) => f(x, graph), sizes });

  it('transpose', async () => {
    await unary([2, 3, 4, 5], (x) => ops.transpose(x, [2, 0, 3, 1]));
    await unary(['batch', 'time', 2, 3], (x) => ops.transpose(x, [0, 2, 1, 3]));
  });
  it('reshape', async () => {
    await unary([2, 6], (x) => ops.reshape(x, [3, 4]));
    await unary(['batch', 'time', 6], (x) => ops.reshape(x, ['batch', 'time', 2, 3]));
    await unary(['batch', 'time', 2, 3], (x) => ops.reshape(x, ['batch', 'time', 6]));
    await unary(['batch', 'time', 3], (x) => ops.reshape(x, ['rows', 3]));
  });
  it('refuses a reshape to another number of elements', () => {
    const x = new Graph().input('x', [2, 6]);
    expect(() => ops.reshape(x, [2, 5])).toThrow(RangeError);
  });
  it('expandLike', async () => {
    await checkGradients({
      operands: { x: { shape: ['batch', 1, 3] }, like: { shape: ['batch', 'time', 3] } },
      f: ({ x, like }) => [ops.expandLike(x, like), ops.neg(like)],
      sizes,
    });
    await checkGradients({
      operands: { x: { shape: [3, 1] }, like: { shape: [2, 3, 4] } },
      f: ({ x, like }) => [ops.expandLike(x, like), ops.neg(like)],
    });
  });
  it('concat', async () => {
    const parts = (...shapes: Shape[]) => Object.fromEntries(shapes.map((shape, i) => [`x${i}`, { shape }]));
    const check = (axis: number, ...shapes: Shape[]) =>
      checkGradients({ operands: parts(...shapes), f: (x) => ops.concat(Object.values(x), axis), sizes });
    await check(1, [2, 3], [2, 1], [2, 4]);
    await check(-1, [2, 3], [2, 1]);
    await check(0, [1, 2, 3], [4, 2, 3]);
    await check(1, ['batch', 2, 3], ['batch', 'time', 3], ['batch', 1, 3], ['batch', 2, 3]);
    await check(1, ['batch', 'time', 3], ['batch', 1, 3]);
    await check(1, ['batch', 1, 3], ['batch', 'time', 3]);
  });
  it('concat of one value with itself', async () => {
    await unary([2, 3], (x) => ops.concat([x, x], 0));
  });
  it('split', async () => {
    await unary([2, 6], (x) => ops.split(x, [1, 3, 2], 1));
    await unary(['batch', 'time', 6], (x) => ops.split(x, [4, 2], -1));
  });
  it('split like parts that were joined', async () => {
    await checkGradients({
      operands: {
        a: { shape: ['batch', 2, 3] },
        b: { shape: ['batch', 'time', 3] },
        c: { shape: ['batch', 1, 3] },
      },
      f: ({ a, b, c }) => {
        const [first, , last] = ops.splitLike(ops.concat([a, b, c], 1), [a, b, c], 1);
        return ops.mul(ops.mul(first, a), last);
      },
      sizes,
    });
  });
  it('split with an unused part', async () => {
    await unary([2, 6], (x) => ops.split(x, [1, 3, 2], 1).slice(1));
    await unary(['batch', 6], (x) => ops.split(x, [4, 2], 1)[0]);
  });
  test.each([
    [0, 2],
    [1, 3],
    [-3, -1],
    [1, -1],
    [-2, Number.MAX_SAFE_INTEGER],
    [2, 100],
  ])('slice from %i to %i', async (start, end) => {
    await unary([2, 4, 3], (x) => ops.slice(x, 1, start, end));
    await unary([2, 4], (x) => ops.slice(x, -1, start, end));
    await unary(['batch', 'time', 3], (x) => ops.slice(x, 1, start, end, 'part'));
  });
  it('gather with repeated indices', async () => {
    const indices = { shape: [3, 4], below: 5 };
    for (const table of [[5], [5, 3], [5, 2, 3]]) {
      await checkGradients({
        operands: { table: { shape: table }, indices },
        f: (x) => ops.gather(x.table, x.indices),
      });
    }
    await checkGradients({
      operands: { table: { shape: [5, 3] }, indices: { shape: ['batch', 'time'], below: 5 } },
      f: (x) => ops.gather(x.table, x.indices),
      sizes,
    });
  });
  it('gatherLast', async () => {
    await checkGradients({
      operands: { x: { shape: [3, 4, 5] }, indices: { shape: [3, 4, 7], below: 5 } },
      f: ({ x, indices }) => ops.gatherLast(x, indices),
    });
    await checkGradients({
      operands: { x: { shape: ['batch', 'time', 5] }, indices: { shape: ['batch', 'time', 1], below: 5 } },
      f: ({ x, indices }) => ops.gatherLast(x, indices),
      sizes,
    });
  });
});

describe('reductions', () => {
  const axes = [[0], [1], [2], [0, 2], [1, 2], [0, 1, 2], [-1]];
  for (const [name, reduce] of Object.entries({ sum: ops.sum, mean: ops.mean })) {
    for (const keepDims of [false, true]) {
      test.each(axes.map((a) => [a]))(`${name} over %s, keepDims ${keepDims}`, async (over) => {
        await checkGradients({
          operands: { x: { shape: [2, 3, 4] } },
          f: ({ x }) => reduce(x, over, keepDims),
        });
        await checkGradients({
          operands: { x: { shape: ['batch', 'time', 4] } },
          f: ({ x }) => reduce(x, over, keepDims),
          sizes: [
            { batch: 2, time: 3 },
            { batch: 3, time: 1 },
          ],
        });
      });
    }
  }
  it('sumSquares', async () => {
    await checkGradients({
      operands: { x: { shape: [2, 'time'] } },
      f: ({ x }) => ops.sumSquares(x),
      sizes: [{ time: 3 }, { time: 5 }],
    });
  });
});

describe('rows', () => {
  const shapes: Shape[] = [[5], [3, 5], [2, 3, 5], ['batch', 2, 'time', 5]];
  const sizes = [
    { batch: 2, time: 3 },
    { batch: 1, time: 4 },
  ];
  test.each(shapes.map((s) => [s]))('softmax and logSoftmax of [%s]', async (shape) => {
    await checkGradients({ operands: { x: { shape } }, f: ({ x }) => ops.softmax(x), sizes });
    await checkGradients({ operands: { x: { shape } }, f: ({ x }) => ops.logSoftmax(x), sizes });
  });
  it('log-probabilities of picked entries, alone or beside another use', async () => {
    const operands = {
      x: { shape: ['batch', 'time', 5] },
      indices: { shape: ['batch', 'time', 2], below: 5 },
    };
    await checkGradients({
      operands,
      f: ({ x, indices }) => ops.gatherLast(ops.logSoftmax(x), indices),
      sizes,
    });
    await checkGradients({
      operands,
      f: ({ x, indices }) => {
        const y = ops.logSoftmax(x);
        return [ops.gatherLast(y, indices), ops.mul(ops.exp(y), y)];
      },
      sizes,
    });
  });
  it('softmax over a symbolic axis', async () => {
    await checkGradients({
      operands: { x: { shape: ['batch', 'time'] } },
      f: ({ x }) => ops.softmax(x),
      sizes,
    });
  });
  test.each(shapes.slice(1).map((s) => [s]))('layerNorm and rmsNorm of [%s]', async (shape) => {
    const gain = { shape: [5] };
    await checkGradients({
      operands: { x: { shape }, gain, bias: gain },
      f: ({ x, gain, bias }) => ops.layerNorm(x, gain, bias),
      sizes,
      tolerance: 1e-4,
    });
    await checkGradients({
      operands: { x: { shape }, gain },
      f: ({ x, gain }) => ops.rmsNorm(x, gain),
      sizes,
      tolerance: 1e-4,
    });
  });
});

describe('gradients', () => {
  it('adds up over all uses of a value', async () => {
    await checkGradients({
      operands: { x: { shape: [3, 3] } },
      f: ({ x }) => ops.add(ops.matmul(x, x), ops.mul(x, ops.sum(x))),
    });
  });
  it('stops at stopGradient', async () => {
    const graph = new Graph();
    const x = graph.input('x', [2]);
    const [dx] = gradients(ops.sum(ops.mul(x, ops.stopGradient(x))), [x]);
    const session = await Session.compile(graph, { dx });
    const { dx: actual } = await session.run({ x: { data: Float32Array.of(3, 4), dims: [2] } });
    expect([...(actual.data as Float32Array)]).toEqual([3, 4]);
  });
  it('refuses a loss that is not a scalar, does not depend on the value, or has an operator without a rule', () => {
    const graph = new Graph();
    const x = graph.input('x', [2]);
    expect(() => gradients(x, [x])).toThrow('must be a scalar');
    expect(() => gradients(ops.sum(x), [graph.parameter('w', [2], zeros)])).toThrow('does not depend on w');
    const [y] = graph.node('Ceil', [x], [{ shape: [2] }]);
    expect(() => gradients(ops.sum(y), [x])).toThrow('Ceil');
  });
});

describe('recompute', () => {
  it('changes no gradient, of stretches with several results, symbolic sizes and indices, or without a gradient', async () => {
    await checkGradients({
      operands: {
        x: { shape: ['batch', 4] },
        w: { shape: [4, 4] },
        table: { shape: [3, 4] },
        rows: { shape: ['batch'], below: 3 },
      },
      f: ({ x, w, table, rows }, graph) => {
        const [a, b] = graph.recompute(() => {
          const mixed = ops.tanh(ops.matmul(ops.add(x, ops.gather(table, rows)), w));
          return [ops.mul(mixed, x), ops.exp(mixed)];
        });
        const c = graph.recompute(() => ops.mul(ops.sigmoid(ops.matmul(a, w)), b));
        graph.recompute(() => ops.exp(ops.exp(c)));
        return [ops.add(b, c), a];
      },
      sizes: [{ batch: 3 }, { batch: 1 }],
    });
  });
  it('computes a stretch once more after the gradient of its result, and keeps nothing else of it', () => {
    const graph = new Graph();
    const x = graph.parameter('x', [2], zeros);
    let inner: Value | undefined;
    const y = graph.recompute(() => {
      inner = ops.tanh(ops.add(x, graph.input('shift', [2])));
      return ops.mul(inner, inner);
    });
    const forward = graph.nodes.length;
    const dy = ops.exp(y);
    gradients(ops.sum(dy), [x]);
    const backward = graph.nodes.slice(forward);
    expect(backward.filter(({ op }) => op === 'Tanh')).toHaveLength(1);
    expect(backward.flatMap(({ inputs }) => inputs)).not.toContain(inner);
  });
});
