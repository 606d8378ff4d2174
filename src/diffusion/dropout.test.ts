import { expect, test } from 'vitest';
import { floats, Graph, Session } from '../engine/index.js';
import { CounterRandom } from '../random.js';
import { Dropout } from './dropout.js';

test('zeroes the given share and keeps the mean', async () => {
  const graph = new Graph();
  const dropout = new Dropout(graph);
  const y = dropout.drop(graph.input('x', ['batch', 1000]), 0.25);
  const session = await Session.compile(graph, { y });
  const x = { data: new Float32Array(8000).fill(1), dims: [8, 1000] };
  const result = await session.run({ x, ...dropout.feeds(new CounterRandom(1), 8) });
  const values = floats(result.y);
  expect(values.filter((v) => v === 0).length / 8000).toBeCloseTo(0.25, 1);
  expect(values.reduce((a, b) => a + b) / 8000).toBeCloseTo(1, 1);
});

test('a share of 0 adds nothing to the graph', () => {
  const graph = new Graph();
  const x = graph.input('x', ['batch', 4]);
  expect(new Dropout(graph).drop(x, 0)).toBe(x);
});
