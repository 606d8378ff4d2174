// Two interleaved spirals, told apart by a small network that is trained and run by the engine alone.
import type { Value } from 'r4t/engine';
import { floats, Graph, initialize, lecunNormal, ops, parameterFeeds, Session, Trainer } from 'r4t/engine';

const POINTS = 1000;
const x = { data: new Float32Array(POINTS * 2), dims: [POINTS, 2] };
const y = { data: new Int32Array(POINTS), dims: [POINTS, 1] };
for (let i = 0; i < POINTS; i++) {
  const radius = 0.1 + (0.9 * i) / POINTS;
  y.data[i] = i % 2;
  const angle = 10 * radius + Math.PI * y.data[i];
  x.data.set([radius * Math.cos(angle), radius * Math.sin(angle)], i * 2);
}

const graph = new Graph();
function layer(input: Value, name: string, from: number, to: number): Value {
  const weight = graph.parameter(`${name}.weight`, [from, to], lecunNormal);
  return ops.add(ops.matmul(input, weight), graph.parameter(`${name}.bias`, [to], lecunNormal));
}
const hidden = ops.tanh(ops.mul(layer(graph.input('x', ['batch', 2]), 'first', 2, 32), 3));
const logits = layer(ops.gelu(layer(hidden, 'second', 32, 32)), 'last', 32, 2);
const labels = graph.input('y', ['batch', 1], 'int32');
const loss = ops.neg(ops.mean(ops.gatherLast(ops.logSoftmax(logits), labels)));

const trainer = await Trainer.create({ loss, parameters: initialize(graph, 1) });
for (let step = 0; step <= 300; step++) {
  const result = await trainer.train({ x, y }, { learningRate: 0.01 });
  if (step % 100 === 0) console.log(`step ${step}: loss ${result.loss.toFixed(4)}`);
}

const model = await Session.compile(graph, { logits });
const out = floats((await model.run({ x, ...parameterFeeds(trainer.parameters) })).logits);
const right = y.data.filter((label, i) => Number(out[2 * i + 1] > out[2 * i]) === label).length;
console.log(`accuracy ${((100 * right) / POINTS).toFixed(1)}%`);
