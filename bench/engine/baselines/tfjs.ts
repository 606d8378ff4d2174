import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as tf from '@tensorflow/tfjs';
import { setThreadsCount, setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { contenderArguments, measure } from '../measure.js';
import { BATCH, HEADS, INPUT, inputData, LEARNING_RATE, ROWS, startValues, targetData } from '../model.js';

const { size, seconds } = contenderArguments();
const { width, layers } = size;
const wasm = dirname(fileURLToPath(import.meta.resolve('@tensorflow/tfjs-backend-wasm')));
setWasmPaths(`${join(wasm, '../dist')}/`);
setThreadsCount(2);
await tf.setBackend('wasm');

const weights = new Map(
  startValues(size).map(({ name, shape, data }) => [name, tf.variable(tf.tensor(data, [...shape]))]),
);
const weight = (name: string) => weights.get(name) as tf.Variable;
const linear = (x: tf.Tensor, name: string) =>
  tf.add(tf.matMul(x, weight(`${name}.weight`)), weight(`${name}.bias`));
const norm = (x: tf.Tensor, name: string) => {
  const { mean, variance } = tf.moments(x, 1, true);
  const normalized = tf.mul(tf.sub(x, mean), tf.rsqrt(tf.add(variance, 1e-5)));
  return tf.add(tf.mul(normalized, weight(`${name}.gain`)), weight(`${name}.bias`));
};
const heads = (x: tf.Tensor) =>
  tf.transpose(tf.reshape(x, [BATCH, ROWS, HEADS, width / HEADS]), [0, 2, 1, 3]);
const silu = (x: tf.Tensor) => tf.mul(x, tf.sigmoid(x));

function attention(x: tf.Tensor, name: string): tf.Tensor {
  const [q, k, v] = ['q', 'k', 'v'].map((part) => heads(linear(x, `${name}.${part}`)));
  const scores = tf.softmax(tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(width / HEADS)));
  const merged = tf.transpose(tf.matMul(scores, v), [0, 2, 1, 3]);
  return linear(tf.reshape(merged, [BATCH * ROWS, width]), `${name}.o`);
}

// All rows of all sets lie in one matrix, which is the fast way here.
const x = tf.tensor(inputData(), [BATCH * ROWS, INPUT]);
const target = tf.tensor(targetData(), [BATCH * ROWS, INPUT]);
const optimizer = tf.train.adam(LEARNING_RATE);

function loss(): tf.Scalar {
  let h = linear(x, 'in');
  for (let i = 0; i < layers; i++) {
    h = tf.add(h, attention(norm(h, `block${i}.norm1`), `block${i}`));
    h = tf.add(h, linear(silu(linear(norm(h, `block${i}.norm2`), `block${i}.up`)), `block${i}.down`));
  }
  return tf.mean(tf.square(tf.sub(linear(norm(h, 'norm'), 'out'), target))) as tf.Scalar;
}

await measure(() => {
  const value = optimizer.minimize(loss, true) as tf.Scalar;
  const number = value.dataSync()[0];
  value.dispose();
  return number;
}, seconds);
