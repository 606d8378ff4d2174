import { expect, test } from 'vitest';
import { floats, Graph, Session } from '../engine/index.js';
import { dot, row } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { chooseAnchors, excludeTaken, nearestAnchors, repel, shortlist } from './anchors.js';
import { denoiserOnnx } from './model.js';
import { tinyConfig, unitRows, untrainedModel } from './testing/models.js';

test('few rows are all anchors, each its own', async () => {
  const table = unitRows(20, 8, 1);
  const used = Int32Array.of(3, 7, 3, 19, 7);
  const { vectors, labels, spread } = await chooseAnchors(table, used, { max: 3, seed: 1 });
  expect(vectors.rows).toBe(3);
  expect(spread).toBe(0);
  for (const i of used) expect(row(vectors, labels[i])).toEqual(row(table, i));
  expect(labels[0]).toBe(-1);
});

test('of many rows a sample stands for the nearest', async () => {
  const table = unitRows(200, 8, 1);
  const used = Int32Array.from({ length: 200 }, (_, i) => i);
  const { vectors, labels, spread } = await chooseAnchors(table, used, { max: 32, seed: 1 });
  expect(vectors.rows).toBe(32);
  let squares = 0;
  for (const i of used) {
    const cosines = Array.from({ length: 32 }, (_, j) => dot(row(table, i), row(vectors, j)));
    expect(cosines[labels[i]]).toBeCloseTo(Math.max(...cosines), 5);
    squares += 2 - 2 * cosines[labels[i]];
  }
  expect(spread).toBeCloseTo(Math.sqrt(squares / (200 * 8)), 4);
});

// One row a set, so that nothing is excluded, and a query of zeros, which votes for no anchor.
test.each([0, 0.1])(
  'untrained, it is the Bayes denoiser of equally likely anchors of spread %s',
  async (spread) => {
    const config = tinyConfig({ anchors: 12, anchorSpread: spread });
    const model = untrainedModel(config);
    const anchors = unitRows(12, 8, 1);
    const session = await Session.load(denoiserOnnx(model, { guided: false }));
    for (const sigma of [0.05, 0.3, 1]) {
      const x = new CounterRandom(3).fillNormal(new Float32Array(8), 0.5);
      const { clean } = await session.run({
        x: { data: x, dims: [1, 1, 8] },
        sigma: { data: Float32Array.of(sigma), dims: [1, 1, 1] },
        condition: { data: new Float32Array(8), dims: [1, 8] },
      });
      const variance = sigma ** 2 + spread ** 2;
      const weights = Array.from({ length: 12 }, (_, i) => Math.exp(dot(row(anchors, i), x) / variance));
      const total = weights.reduce((a, b) => a + b);
      const skip = spread ** 2 / variance;
      for (let j = 0; j < 8; j++) {
        const mixture = weights.reduce((sum, w, i) => sum + (w / total) * row(anchors, i)[j], 0);
        expect(floats(clean)[j]).toBeCloseTo(skip * x[j] + (1 - skip) * mixture, 4);
      }
    }
  },
);

test('an anchor that one row claims is closed to the others only', async () => {
  const graph = new Graph();
  const logits = graph.input('logits', [1, 2, 3]);
  const session = await Session.compile(graph, { y: excludeTaken(logits, graph.scalar(1)) });
  const { y } = await session.run({ logits: { data: Float32Array.of(20, 0, 0, 0, 0, 0), dims: [1, 2, 3] } });
  const [own, , , other0, other1, other2] = floats(y);
  expect(own).toBeGreaterThan(19);
  expect(other1 - other0).toBeGreaterThan(9);
  expect(other1).toBeCloseTo(other2, 5);
});

test('the shortlist of a set holds the anchors that some row finds likeliest', async () => {
  const graph = new Graph();
  const anchors = Float32Array.from({ length: 12 }, (_, i) => i);
  const chosen = shortlist(
    graph.input('posterior', ['batch', 'rows', 6]),
    graph.constant(anchors, [6, 2]),
    3,
  );
  const session = await Session.compile(graph, { chosen }, { threads: 1 });
  const posterior = Float32Array.of(
    ...[0.5, 0.1, 0.1, 0.1, 0.1, 0.1],
    ...[0.1, 0.1, 0.1, 0.1, 0.4, 0.2],
    ...[0, 0, 0.3, 0.7, 0, 0],
    ...[0.1, 0.9, 0, 0, 0, 0],
  );
  const result = await session.run({ posterior: { data: posterior, dims: [2, 2, 6] } });
  expect(result.chosen.dims).toEqual([2, 3, 2]);
  const firsts = Array.from(floats(result.chosen)).filter((_, i) => i % 2 === 0);
  // Anchor a is the row (2a, 2a + 1).
  expect(firsts.map((value) => value / 2)).toEqual([0, 4, 5, 1, 3, 2]);
  await session.release();
});

test('the anchors near each query are its own', async () => {
  const graph = new Graph();
  const [anchors, queries] = [unitRows(9, 4, 1), unitRows(3, 4, 2)];
  const near = nearestAnchors(graph.input('query', ['batch', 4]), graph.constant(anchors.data, [9, 4]), 2);
  const session = await Session.compile(graph, { near }, { threads: 1 });
  const result = await session.run({ query: { data: queries.data, dims: [3, 4] } });
  await session.release();
  expect(result.near.dims).toEqual([3, 2, 4]);
  for (let q = 0; q < 3; q++) {
    const order = Array.from({ length: 9 }, (_, i) => i).sort(
      (a, b) => dot(row(anchors, b), row(queries, q)) - dot(row(anchors, a), row(queries, q)),
    );
    const expected = order.slice(0, 2).flatMap((i) => [...row(anchors, i)]);
    expect([...floats(result.near).subarray(q * 8, (q + 1) * 8)]).toEqual(expected);
  }
});

test('a row turns from what the others expect', async () => {
  const graph = new Graph();
  const logits = graph.input('logits', [1, 2, 3]);
  // The first two anchors are alike, the third is their opposite.
  const anchors = graph.constant(Float32Array.of(1, 0, 0.8, 0.6, -1, 0), [3, 2]);
  const session = await Session.compile(graph, { y: repel(logits, anchors, graph.scalar(2)) });
  const { y } = await session.run({ logits: { data: Float32Array.of(20, 0, 0, 0, 0, 0), dims: [1, 2, 3] } });
  await session.release();
  const [, , , same, alike, opposite] = floats(y);
  expect(same).toBeCloseTo(-2, 4);
  expect(alike).toBeCloseTo(-1.6, 4);
  expect(opposite).toBeCloseTo(2, 4);
});
