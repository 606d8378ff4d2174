/** A pointer over thirty things, small enough for tests. */
import { SOURCES, type Standard } from '../../../candidates/candidates.js';
import type { ReadQueries } from '../../../candidates/reader.js';
import { initialize, type Parameters } from '../../../engine/index.js';
import { CounterRandom } from '../../../random.js';
import { randomVectors, runtime, TEXTS } from '../../testing/scene.js';
import { type PointerConfig, pointerGraph } from '../model.js';
import { PointerPolicy, type PointerPolicyOptions } from '../pointerPolicy.js';

export const config: PointerConfig = { k: 3, sources: SOURCES.length };
export const vectors = randomVectors(TEXTS.length, 7);
export const items = TEXTS.map((title) => ({ title }));
/** Leaves scores as they are. */
export const standard: Standard = { means: SOURCES.map(() => 0), deviations: SOURCES.map(() => 1) };

/** Queries whose candidates are `size` of the things in any order, of which the sources say random numbers. */
export function readQueries(count: number, { seed = 1, size = 20 } = {}): ReadQueries {
  const random = new CounterRandom(seed, 'tiny candidates');
  const candidates = Array.from({ length: count }, () => random.permutation(TEXTS.length).slice(0, size));
  const scores = new Float32Array(count * size * config.sources);
  random.fillNormal(scores);
  return {
    vectors: randomVectors(count, seed),
    size,
    items: Int32Array.from(candidates.flatMap((own) => [...own])),
    scores,
  };
}

/** Parameters drawn at random, those that start at zero included. */
export function randomParameters(seed = 1): Parameters {
  const parameters = initialize(pointerGraph(config).graph, seed);
  for (const [name, { data }] of parameters)
    if (data.every((x) => x === 0)) new CounterRandom(seed, name).fillNormal(data, 0.5);
  return parameters;
}

/** The pointer over the things, with random parameters. */
export const tinyPointer = (
  options: Pick<PointerPolicyOptions, 'read'> & Partial<PointerPolicyOptions>,
): Promise<PointerPolicy> =>
  PointerPolicy.create({
    config,
    standard,
    parameters: randomParameters(),
    items,
    runtime,
    ...options,
  });
