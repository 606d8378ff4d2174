import { blockUntilReady, jit, nn, numpy as np, valueAndGrad } from '@jax-js/jax';
import { contenderArguments, measure } from '../measure.js';
import { BATCH, HEADS, INPUT, inputData, LEARNING_RATE, ROWS, startValues, targetData } from '../model.js';

// Every function consumes its arguments in this library; `.ref` keeps one for another use.
type Weights = Record<string, np.Array>;

const { size, seconds } = contenderArguments();
const { width, layers } = size;

function linear(x: np.Array, w: Weights, name: string): np.Array {
  return np.matmul(x, w[`${name}.weight`].ref).add(w[`${name}.bias`].ref);
}

function norm(x: np.Array, w: Weights, name: string): np.Array {
  const centred = x.ref.sub(np.mean(x, 1, { keepdims: true }));
  const variance = np.mean(np.square(centred.ref), 1, { keepdims: true });
  const normalized = centred.div(np.sqrt(variance.add(1e-5)));
  return normalized.mul(w[`${name}.gain`].ref).add(w[`${name}.bias`].ref);
}

const heads = (x: np.Array) => np.transpose(np.reshape(x, [BATCH, ROWS, HEADS, width / HEADS]), [0, 2, 1, 3]);

function attention(x: np.Array, w: Weights, name: string): np.Array {
  const q = heads(linear(x.ref, w, `${name}.q`));
  const k = heads(linear(x.ref, w, `${name}.k`));
  const v = heads(linear(x, w, `${name}.v`));
  const scores = np.matmul(q, np.transpose(k, [0, 1, 3, 2])).mul(1 / Math.sqrt(width / HEADS));
  const merged = np.transpose(np.matmul(nn.softmax(scores), v), [0, 2, 1, 3]);
  return linear(np.reshape(merged, [BATCH * ROWS, width]), w, `${name}.o`);
}

function loss(w: Weights, x: np.Array, target: np.Array): np.Array {
  let h = linear(x, w, 'in');
  for (let i = 0; i < layers; i++) {
    h = h.ref.add(attention(norm(h, w, `block${i}.norm1`), w, `block${i}`));
    const hidden = nn.silu(linear(norm(h.ref, w, `block${i}.norm2`), w, `block${i}.up`));
    h = h.add(linear(hidden, w, `block${i}.down`));
  }
  const y = linear(norm(h, w, 'norm'), w, 'out');
  for (const value of Object.values(w)) value.dispose();
  return np.mean(np.square(y.sub(target)));
}

interface Scalars {
  readonly stepSize: np.Array;
  readonly epsilon: np.Array;
}

/** Adam with the bias corrections folded into two scalars. */
const update = jit(
  (w: np.Array, m: np.Array, v: np.Array, g: np.Array, stepSize: np.Array, epsilon: np.Array) => {
    const nextM = m.mul(0.9).add(g.ref.mul(0.1));
    const nextV = v.mul(0.999).add(np.square(g).mul(0.001));
    const step = nextM.ref.div(np.sqrt(nextV.ref).add(epsilon)).mul(stepSize);
    return [w.sub(step), nextM, nextV];
  },
);

function scalars(t: number): Scalars {
  const correction = Math.sqrt(1 - 0.999 ** t);
  return {
    stepSize: np.array((LEARNING_RATE * correction) / (1 - 0.9 ** t)),
    epsilon: np.array(1e-8 * correction),
  };
}

const start = startValues(size);
const tensor = (data: Float32Array<ArrayBuffer>, shape: readonly number[]) =>
  np.array(data).reshape([...shape]);
let weights: Weights = Object.fromEntries(start.map(({ name, shape, data }) => [name, tensor(data, shape)]));
const zeros = () =>
  Object.fromEntries(start.map(({ name, shape }) => [name, np.zeros([...shape])])) as Weights;
let m = zeros();
let v = zeros();
const x = tensor(inputData(), [BATCH * ROWS, INPUT]);
const target = tensor(targetData(), [BATCH * ROWS, INPUT]);
const differentiate = jit(valueAndGrad(loss));

let t = 0;
await measure(async () => {
  const held = Object.fromEntries(Object.entries(weights).map(([name, value]) => [name, value.ref]));
  const [value, gradient] = differentiate(held, x.ref, target.ref) as [np.Array, Weights];
  const { stepSize, epsilon } = scalars(++t);
  const next = { weights: {} as Weights, m: {} as Weights, v: {} as Weights };
  for (const { name } of start) {
    [next.weights[name], next.m[name], next.v[name]] = update(
      weights[name],
      m[name],
      v[name],
      gradient[name],
      stepSize.ref,
      epsilon.ref,
    );
  }
  ({ weights, m, v } = next);
  await blockUntilReady(next);
  return (await value.data())[0];
}, seconds);
