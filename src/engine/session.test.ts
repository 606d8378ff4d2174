import { expect, it } from 'vitest';
import { Graph } from './graph.js';
import * as ops from './ops.js';
import { Session } from './session.js';

it('frees its memory once, however often it is asked, and runs no more', async () => {
  const graph = new Graph();
  const x = graph.input('x', [1]);
  const session = await Session.compile(graph, { y: ops.add(x, 1) });
  const feeds = { x: { data: Float32Array.of(2), dims: [1] } };
  expect([...(await session.run(feeds)).y.data]).toEqual([3]);
  await Promise.all([session.release(), session.release()]);
  await session.release();
  await expect(session.run(feeds)).rejects.toThrow();
});
