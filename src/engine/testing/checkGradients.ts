import { expect } from 'vitest';
import { CounterRandom } from '../../random.js';
import { gradients } from '../gradients.js';
import { Graph, type Shape, type Value } from '../graph.js';
import { add, mul, sum } from '../ops.js';
import { Session, type Tensor } from '../session.js';
import { type NdArray, sizeOf } from './ndarray.js';
import { reference } from './reference.js';

export interface Operand {
  readonly shape: Shape;
  /** Uniform floats of this range ([-2, 2]). */
  readonly range?: readonly [number, number];
  /** Instead: random int32 in [0, below); such an operand has no gradient. */
  readonly below?: number;
}

export interface GradientCheck<Name extends string> {
  readonly operands: Readonly<Record<Name, Operand>>;
  /** The function under test; several results are weighted and added up. */
  readonly f: (operands: Record<Name, Value>, graph: Graph) => Value | readonly Value[];
  /** Values of the symbolic sizes: the one compiled session runs with each of these in turn. */
  readonly sizes?: readonly Readonly<Record<string, number>>[];
  readonly tolerance?: number;
}

const STEP = 1e-5;
let checks = 0;

/**
 * Compares what the runtime computes in float32, results and gradients with respect to every float operand, with the
 * reference interpreter and its central finite differences in float64. The loss is a randomly weighted sum.
 */
export async function checkGradients<Name extends string>({
  operands,
  f,
  sizes = [{}],
  tolerance = 2e-5,
}: GradientCheck<Name>): Promise<void> {
  const graph = new Graph();
  const specs = Object.entries<Operand>(operands);
  const values = Object.fromEntries(
    specs.map(([name, { shape, below }]) => [name, graph.input(name, shape, below ? 'int32' : 'float32')]),
  ) as Record<Name, Value>;
  const result = f(values, graph);
  const results = (Array.isArray(result) ? result : [result]) as Value[];
  const weights = results.map((y, i) => graph.input(`weight${i}`, y.shape));
  const loss = results.map((y, i) => sum(mul(y, weights[i]))).reduce(add);
  const forward = reference(graph, results);
  const lossOf = reference(graph, [loss]);
  const wrt = specs.filter(([, { below }]) => !below).map(([name]) => name as Name);
  const derivatives = gradients(
    loss,
    wrt.map((name) => values[name]),
  );
  expect(derivatives.map((g) => g.shape)).toEqual(wrt.map((name) => values[name].shape));

  const outputs = Object.fromEntries([
    ...results.map((y, i) => [`y${i}`, y]),
    ...derivatives.map((g, i) => [`d ${wrt[i]}`, g]),
  ]);
  const session = await Session.compile(graph, outputs, { threads: 1 });
  for (const size of sizes) {
    const random = new CounterRandom(7, 'gradient check', checks++);
    const fed = new Map<string, NdArray>();
    const draw = ({ shape, range: [low, high] = [-2, 2], below }: Operand): NdArray => {
      const dims = shape.map((d) => (typeof d === 'number' ? d : size[d]));
      const data = Float64Array.from({ length: sizeOf(dims) }, () =>
        below ? random.integer(below) : Math.fround(low + (high - low) * random.uniform()),
      );
      return { data, dims };
    };
    for (const [name, operand] of specs) fed.set(name, draw(operand));
    const expected = forward(fed);
    for (const [i, { dims }] of expected.entries())
      fed.set(`weight${i}`, draw({ shape: dims, range: [-1, 1] }));

    const actual = await session.run(
      Object.fromEntries([...fed].map(([name, x]) => [name, toTensor(x, operands[name as Name]?.below)])),
    );
    expected.forEach((y, i) => {
      const staticDims = results[i].shape.map((d, axis) => (typeof d === 'number' ? d : y.dims[axis]));
      expect(staticDims, `inferred shape of y${i}`).toEqual(y.dims);
      expectClose(actual[`y${i}`], y, tolerance, `y${i}`);
    });
    for (const name of wrt) {
      const x = fed.get(name) as NdArray;
      const data = x.data.map((_, i) => {
        const at = (h: number) =>
          lossOf(new Map(fed).set(name, { dims: x.dims, data: x.data.with(i, x.data[i] + h) }))[0].data[0];
        return (at(STEP) - at(-STEP)) / (2 * STEP);
      });
      expectClose(actual[`d ${name}`], { data, dims: x.dims }, tolerance, `d ${name}`);
    }
  }
  await session.release();
}

/** Equal dims, and entries equal within `tolerance`, relative to the largest one (or to 1). */
export function expectClose(actual: Tensor, expected: NdArray, tolerance: number, what: string): void {
  expect(actual.dims, `dims of ${what}`).toEqual(expected.dims);
  const scale = expected.data.reduce((m, x) => Math.max(m, Math.abs(x)), 1);
  const worst = expected.data.reduce((m, x, i) => Math.max(m, Math.abs(x - Number(actual.data[i]))), 0);
  expect(worst / scale, `error of ${what}`).toBeLessThan(tolerance);
}

function toTensor({ data, dims }: NdArray, below?: number): Tensor {
  return { data: below ? Int32Array.from(data) : Float32Array.from(data), dims };
}
