import { afterAll, expect, test } from 'vitest';
import { floats, Graph, ops, Session, type Value } from '../engine/index.js';
import { besideQuery } from './besideQuery.js';
import { unitRows } from './testing/models.js';

const [QUERIES, N, M] = [2, 3, 4];
const shapes: string[] = [];
const graph = new Graph();
const ofQuery = graph.input('ofQuery', ['queries', N, M]);
const products = besideQuery(graph.input('rows', ['batch', 'rows', N]), ofQuery, (rows: Value) => {
  shapes.push(rows.shape.join());
  return ops.matmul(rows, ofQuery);
});
const session = await Session.compile(graph, { products }, { threads: 1 });
afterAll(() => session.release());

test('is written once, for the rows of all sets of a query together', () => {
  expect(shapes).toEqual([`queries,rows of all sets,${N}`]);
  expect(products.shape).toEqual(['batch', 'rows', M]);
});

test.each([1, 2, 5])('with %s sets a query every row meets what belongs to its own query', async (sets) => {
  const rows = 3;
  const x = unitRows(QUERIES * sets * rows, N, 1).data;
  const beside = unitRows(QUERIES * N, M, 2).data;
  const result = await session.run({
    rows: { data: x, dims: [QUERIES * sets, rows, N] },
    ofQuery: { data: beside, dims: [QUERIES, N, M] },
  });
  expect(result.products.dims).toEqual([QUERIES * sets, rows, M]);
  floats(result.products).forEach((value, at) => {
    const [i, m] = [Math.floor(at / M), at % M];
    const query = Math.floor(i / (rows * sets));
    let sum = 0;
    for (let j = 0; j < N; j++) sum += x[i * N + j] * beside[(query * N + j) * M + m];
    expect(value).toBeCloseTo(sum, 5);
  });
});
