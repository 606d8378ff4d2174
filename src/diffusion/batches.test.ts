import { expect, test } from 'vitest';
import { row } from '../matrix.js';
import { type BatchOptions, batcher } from './batches.js';
import { unitRows } from './testing/models.js';

const table = unitRows(6, 4, 1);
const conditions = unitRows(2, 3, 2);
const options: BatchOptions = {
  data: { table, conditions, queryOf: Int32Array.of(0, 1, 1), rows: Int32Array.of(0, 1, 2, 3, 4, 5) },
  batchSize: 3,
  noise: { mean: -1, deviation: 0.8 },
  conditionDropout: 0.5,
  seed: 1,
  labels: Int32Array.of(10, 11, 12, 13, 14, 15),
};

test('an epoch shows every set once, with its query, its rows in any order, their labels and places', () => {
  const batch = batcher(options)(0);
  const seen = [0, 1, 2].map((i) => {
    const labels = [...batch.labels.subarray(2 * i, 2 * i + 2)];
    labels.forEach((label, j) => {
      const at = (2 * i + j) * 4;
      expect(batch.clean.slice(at, at + 4)).toEqual(row(table, label - 10).slice());
      // Sets of two, of which the labels count on.
      expect(batch.places[2 * i + j]).toBe((label - 10) % 2);
    });
    const set = Math.floor((Math.min(...labels) - 10) / 2);
    const query = options.data.queryOf[set];
    expect(batch.queries[i]).toBe(query);
    expect(batch.condition.slice(3 * i, 3 * i + 3)).toEqual(row(conditions, query).slice());
    return labels.sort().join();
  });
  expect(seen.sort()).toEqual(['10,11', '12,13', '14,15']);
});

test('rows keep their places in the set as it was given, also where it repeats itself', () => {
  const data = { ...options.data, queryOf: Int32Array.of(0), rows: Int32Array.of(5, 2, 5, 0) };
  const at = batcher({ ...options, data, batchSize: 1, labels: Int32Array.of(7, 3, 7, 1) });
  const orders = new Set<string>();
  for (let step = 0; step < 20; step++) {
    const { places, labels } = at(step);
    expect([...places].sort()).toEqual([0, 1, 2, 3]);
    expect([...labels]).toEqual([...places].map((place) => [7, 3, 7, 1][place]));
    orders.add(places.join());
  }
  expect(orders.size).toBeGreaterThan(5);
});

test('a step is the same whatever was made before it', () => {
  const forward = batcher(options);
  for (let step = 0; step < 7; step++) forward(step);
  expect(forward(7)).toEqual(batcher(options)(7));
});

test('queries are dropped at the asked rate', () => {
  const at = batcher(options);
  let kept = 0;
  for (let step = 0; step < 200; step++) kept += at(step).kept.reduce((a, b) => a + b);
  expect(kept / 600).toBeCloseTo(0.5, 1);
});

test('every epoch has an order of its own, and a set its rows in another', () => {
  const at = batcher(options);
  const orders = Array.from({ length: 20 }, (_, step) => at(step).labels.join());
  for (const order of orders) expect(order.split(',').sort().join()).toBe('10,11,12,13,14,15');
  expect(new Set(orders).size).toBeGreaterThan(10);
});

test('a batch may be larger than there are sets', () => {
  const { labels } = batcher({ ...options, batchSize: 7 })(0);
  const counts = [10, 11, 12, 13, 14, 15].map((label) => labels.filter((other) => other === label).length);
  expect(counts.reduce((a, b) => a + b)).toBe(14);
  // Two epochs and one set more.
  expect(Math.min(...counts)).toBe(2);
  expect(Math.max(...counts)).toBe(3);
});
