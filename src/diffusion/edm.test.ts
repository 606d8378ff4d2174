import fc from 'fast-check';
import { expect, test } from 'vitest';
import { floats, Graph, Session } from '../engine/index.js';
import { lossWeight, preconditioning, preconditioningGraph } from './edm.js';

const levels = fc.record({
  sigma: fc.double({ min: 1e-3, max: 80, noNaN: true }),
  sigmaData: fc.double({ min: 0.02, max: 1, noNaN: true }),
});

test('input and target of the network have unit variance', () => {
  fc.assert(
    fc.property(levels, ({ sigma, sigmaData }) => {
      const c = preconditioning(sigma, sigmaData);
      expect(c.in ** 2 * (sigmaData ** 2 + sigma ** 2)).toBeCloseTo(1, 9);
      // clean - skip * (clean + sigma * noise), by independence of clean and noise.
      const target = (1 - c.skip) ** 2 * sigmaData ** 2 + c.skip ** 2 * sigma ** 2;
      expect(target / c.out ** 2).toBeCloseTo(1, 9);
    }),
  );
});

test('the loss weight undoes the output scale', () => {
  fc.assert(
    fc.property(levels, ({ sigma, sigmaData }) => {
      const { out } = preconditioning(sigma, sigmaData);
      expect(lossWeight(sigma, sigmaData) * out ** 2).toBeCloseTo(1, 9);
    }),
  );
});

test('without noise the denoiser is the identity, in pure noise the network alone', () => {
  const quiet = preconditioning(1e-9, 0.1);
  expect(quiet.skip).toBeCloseTo(1, 12);
  expect(quiet.out).toBeCloseTo(0, 8);
  const loud = preconditioning(1e6, 0.1);
  expect(loud.skip).toBeCloseTo(0, 12);
  expect(loud.out).toBeCloseTo(0.1, 12);
});

test('the graph computes the same factors', async () => {
  const sigmas = [0.002, 0.05, 0.3, 2, 80];
  const graph = new Graph();
  const sigma = graph.input('sigma', ['n']);
  const session = await Session.compile(graph, { ...preconditioningGraph(sigma, 0.088) });
  const results = await session.run({ sigma: { data: Float32Array.from(sigmas), dims: [sigmas.length] } });
  for (const [i, s] of sigmas.entries()) {
    const expected = preconditioning(s, 0.088);
    for (const name of ['skip', 'out', 'in', 'noise'] as const)
      expect(floats(results[name])[i] / expected[name]).toBeCloseTo(1, 4);
  }
});
