import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, Graph, parameterFeeds, Session } from '../../engine/index.js';
import { CounterRandom } from '../../random.js';
import { runtime } from '../testing/scene.js';
import { queryFeeds, setFeeds } from './batch.js';
import { chosenLogProbs, readItems } from './model.js';
import { PointerPolicy } from './pointerPolicy.js';
import { config, items, part, randomParameters, readQueries, vectors } from './testing/tinyPointer.js';

const read = readQueries(3);
const texts = ['one', 'two', 'three'];
const parameters = randomParameters();
let policy: PointerPolicy;

beforeAll(async () => {
  policy = await PointerPolicy.create({
    config,
    parameters,
    items,
    vectors,
    sources: () => read.sources,
    runtime,
  });
});
afterAll(() => policy.release());

const ask = { queries: texts, vectors: read.vectors, seed: 3, streams: texts };

describe('PointerPolicy', () => {
  it('chooses k different items for every sample, with their titles as sub-queries', async () => {
    const sets = await policy.sample({ ...ask, samplesPerQuery: 4 });
    expect(sets.map(({ query }) => query)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    for (const { items: chosen = new Int32Array(), subQueries } of sets) {
      expect(new Set(chosen).size).toBe(3);
      expect(subQueries).toEqual(Array.from(chosen, (item) => items[item].title));
    }
    expect(new Set(sets.slice(0, 4).map(({ subQueries }) => subQueries.join())).size).toBeGreaterThan(1);
  });

  it('says the log-probabilities that the training graph has for the same choices', async () => {
    const sets = await policy.sample(ask);
    const graph = new Graph();
    const logProbs = chosenLogProbs(graph, config, readItems(graph, config, vectors));
    const session = await Session.compile(graph, { logProbs }, runtime);
    const result = await session.run({
      ...queryFeeds(read, [0, 1, 2], config),
      ...setFeeds(
        sets.map(({ tokens }) => tokens),
        3,
        config,
      ),
      ...parameterFeeds(parameters),
    });
    await session.release();
    const own = sets.flatMap((set) => [...set.logProbs]);
    floats(result.logProbs).forEach((logProb, i) => {
      expect(own[i]).toBeCloseTo(logProb, 4);
    });
  });

  it('takes the likeliest item at every place at temperature 0', async () => {
    const [set] = await policy.sample({ ...ask, temperature: 0 });
    const others = await policy.sample({ ...ask, samplesPerQuery: 50 });
    const first = others.slice(0, 50).filter(({ tokens }) => tokens[0] === set.tokens[0]);
    expect(set.logProbs[0]).toBeGreaterThanOrEqual(
      Math.max(...others.slice(0, 50).map((s) => s.logProbs[0])),
    );
    expect(first[0].logProbs[0]).toBeCloseTo(set.logProbs[0], 5);
  });

  it('draws items as often as it says', async () => {
    const sets = await policy.choose(read, [0], {
      samplesPerQuery: 4000,
      temperature: 1,
      random: (_, sample) => new CounterRandom(1, 'often', sample),
    });
    const counts = new Map<number, { n: number; p: number }>();
    for (const { items: chosen, logProbs } of sets) {
      const { n } = counts.get(chosen[0]) ?? { n: 0 };
      counts.set(chosen[0], { n: n + 1, p: Math.exp(logProbs[0]) });
    }
    // Five deviations of a binomial count.
    for (const { n, p } of counts.values())
      expect(Math.abs(n / 4000 - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 4000));
  });

  it('chooses nothing that a mask leaves out, and fewer items where fewer may be', async () => {
    const mask = new Uint8Array(config.items);
    mask[4] = mask[9] = 1;
    for (const { tokens } of await policy.sample({ ...ask, mask }))
      expect([...tokens].sort((a, b) => a - b)).toEqual([4, 9]);
  });

  it('answers a query the same in any batch', async () => {
    const together = await policy.sample(ask);
    const alone = await PointerPolicy.create({
      config,
      parameters,
      items,
      vectors,
      sources: () => part(read, 1, 2).sources,
      runtime,
    });
    const [set] = await alone.sample({
      ...ask,
      queries: ['two'],
      streams: ['two'],
      vectors: part(read, 1, 2).vectors,
    });
    await alone.release();
    expect(set.tokens).toEqual(together[1].tokens);
  });
});
