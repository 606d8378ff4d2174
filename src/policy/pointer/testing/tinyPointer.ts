/** A pointer over thirty things, small enough for tests. */
import { initialize, type Parameters } from '../../../engine/index.js';
import { matrix, rowRange } from '../../../matrix.js';
import { CounterRandom } from '../../../random.js';
import { DIM, randomVectors, TEXTS } from '../../testing/scene.js';
import type { ReadQueries } from '../batch.js';
import { type PointerConfig, pointerGraph } from '../model.js';

export const config: PointerConfig = { k: 3, items: TEXTS.length, dimension: DIM, sources: 2 };
export const vectors = randomVectors(config.items, 7);
export const items = TEXTS.map((title) => ({ title }));

/** Queries whose sources are random numbers. */
export function readQueries(count: number, seed = 1): ReadQueries {
  const sources = matrix(count, config.items * config.sources);
  new CounterRandom(seed, 'tiny sources').fillNormal(sources.data);
  return { vectors: randomVectors(count, seed), sources };
}

/** Parameters drawn at random, those that start at zero included. */
export function randomParameters(seed = 1): Parameters {
  const parameters = initialize(pointerGraph(config, vectors).graph, seed);
  for (const [name, { data }] of parameters)
    if (data.every((x) => x === 0)) new CounterRandom(seed, name).fillNormal(data, 0.5);
  return parameters;
}

export const part = ({ vectors, sources }: ReadQueries, start: number, end: number): ReadQueries => ({
  vectors: rowRange(vectors, start, end),
  sources: rowRange(sources, start, end),
});
