import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { floats, Graph, likeParameters, type Parameters, parameterFeeds, Session } from '../engine/index.js';
import { R4tError } from '../errors.js';
import { gatherRows } from '../matrix.js';
import { MAX_PROMPT_TOKENS } from './batch.js';
import { DecoderPolicy } from './decoderPolicy.js';
import { formatStates, formatTable } from './format.js';
import { type NearTokens, Neighbourhood } from './neighbourhood.js';
import type { Completion, SampleOptions } from './policy.js';
import { targetLogProbs } from './softGrpo.js';
import { entropyOf, fullForward } from './testing/fullForward.js';
import { catalogOfThings, randomParameters, randomVectors, runtime, scene } from './testing/scene.js';
import { SEPARATOR } from './tokenizer.js';
import { grpoFeeds } from './trainPolicy.js';

const tiny = scene();
const { format, tokenizer } = tiny;
const table = formatTable(tokenizer);
/** Of different lengths, one without tokens, one longer than the policy reads. */
const queries = [
  'red',
  '',
  'a golden boot for the black tent',
  'lamp '.repeat(MAX_PROMPT_TOKENS + 9),
  '日 chair',
];
const vectors = randomVectors(queries.length, 1);
const parameters = randomParameters(tiny, 1, 2);

let near: readonly NearTokens[];
let policy: DecoderPolicy;
let frozen: DecoderPolicy;
beforeAll(async () => {
  const neighbourhood = new Neighbourhood(await catalogOfThings(), tokenizer, format, 'anything');
  policy = await DecoderPolicy.create({ ...tiny, parameters, neighbourhood, runtime });
  frozen = await DecoderPolicy.create({ ...tiny, parameters, neighbourhood, runtime, frozen: true });
  near = await policy.near(
    vectors,
    queries.map((query) => tokenizer.encode(query)),
  );
});
afterAll(async () => {
  await policy.release();
  await frozen.release();
});

const sample = (options: Partial<SampleOptions> = {}): Promise<Completion[]> =>
  policy.sample({ queries, vectors, seed: 3, ...options });

/** Samples with other parameters than the usual ones. */
async function sampleWith(other: Parameters, options: Partial<SampleOptions> = {}): Promise<Completion[]> {
  policy.parameters = other;
  try {
    return await sample(options);
  } finally {
    policy.parameters = parameters;
  }
}

const tokensOf = (completions: readonly Completion[]) => completions.map((c) => [...c.tokens]);

function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i])));
}

/** The log-probabilities of the completions' tokens as the training graph has them. */
async function trainingLogProbs(
  completions: readonly Completion[],
  weights: Parameters,
  { of = tiny, texts = queries, conditions = vectors, hints = near } = {},
): Promise<number[][]> {
  const graph = new Graph();
  const { logProbs } = targetLogProbs(graph, of.config, table);
  const session = await Session.compile(graph, { logProbs }, runtime);
  const feeds = grpoFeeds(
    completions.map((_, i) => i),
    completions,
    new Float32Array(completions.length),
    { texts, vectors: conditions },
    texts.map((query, i) => ({ prompt: tokenizer.encode(query), near: hints[i] })),
    of,
  );
  const result = (await session.run({ ...feeds, ...parameterFeeds(weights) })).logProbs;
  await session.release();
  const time = floats(result).length / completions.length;
  return completions.map((_, row) => {
    const from = row * time;
    const marked = Array.from({ length: time }, (__, t) => from + t).filter(
      (at) => floats(feeds.weights)[at] === 1,
    );
    return marked.map((at) => floats(result)[at]);
  });
}

describe('sampling', () => {
  it('always writes exactly k sub-queries of one to maxTokens tokens, each with text', async () => {
    const options = fc.record({
      seed: fc.integer(),
      temperature: fc.constantFrom(0, 0.5, 1, 3),
      topP: fc.constantFrom(0.3, 0.9, 1),
      scale: fc.constantFrom(0.1, 1, 4),
    });
    await fc.assert(
      fc.asyncProperty(options, async ({ scale, ...rest }) => {
        const weights = randomParameters(tiny, rest.seed, scale);
        for (const { tokens, subQueries, logProbs, entropies } of await sampleWith(weights, rest)) {
          expect(subQueries).toHaveLength(format.k);
          expect(subQueries).not.toContain('');
          const states = formatStates(tokens, format);
          expect(Array.from(tokens).filter((id) => id === SEPARATOR)).toHaveLength(format.k);
          expect(tokens.at(-1)).toBe(SEPARATOR);
          tokens.forEach((id, i) => {
            expect(table[states[i] * tokenizer.size + id]).toBe(0);
          });
          expect([logProbs.length, entropies.length]).toEqual([tokens.length, tokens.length]);
        }
      }),
      { numRuns: 25 },
    );
  });

  it('writes the same for the same seed, and something else for another', async () => {
    const first = tokensOf(await sample());
    expect(tokensOf(await sample())).toEqual(first);
    expect(tokensOf(await sample({ seed: 4 }))).not.toEqual(first);
  });

  it('gives every sample of a query its own stream, in the order of the queries', async () => {
    const completions = await sample({ samplesPerQuery: 8 });
    expect(completions.map((c) => c.query)).toEqual(queries.flatMap((_, i) => Array(8).fill(i)));
    for (let i = 0; i < queries.length; i++) {
      const own = tokensOf(completions.slice(8 * i, 8 * i + 8)).map(String);
      expect(new Set(own).size).toBeGreaterThan(1);
    }
    const [first] = await sample({ samplesPerQuery: 1 });
    expect(completions[0].tokens).toEqual(first.tokens);
  });

  it('does not depend on the other queries of a batch, nor on where it is cut', async () => {
    const streams = queries.map((_, i) => `query-${i}`);
    const reports: number[] = [];
    const together = await sample({
      streams,
      samplesPerQuery: 60,
      onProgress: ({ done }) => reports.push(done),
    });
    expect(reports).toEqual([120, 240, 300]);
    for (let i = 0; i < queries.length; i++) {
      const alone = await sample({
        queries: [queries[i]],
        vectors: gatherRows(vectors, [i]),
        streams: [streams[i]],
        samplesPerQuery: 60,
      });
      const same = together.slice(60 * i, 60 * i + 60);
      expect(tokensOf(alone)).toEqual(tokensOf(same));
      alone.forEach(({ logProbs }, s) => {
        expect(largestDifference(logProbs, same[s].logProbs)).toBeLessThan(1e-4);
      });
    }
  });

  it('samples the same with the parameters stored in the model', async () => {
    const fed = await sample({ samplesPerQuery: 4 });
    const stored = await frozen.sample({ queries, vectors, seed: 3, samplesPerQuery: 4 });
    expect(tokensOf(stored)).toEqual(tokensOf(fed));
    stored.forEach(({ logProbs }, i) => {
      expect(largestDifference(logProbs, fed[i].logProbs)).toBeLessThan(1e-4);
    });
  });

  it('gives each token the log-probability that the training graph gives it', async () => {
    for (const scale of [1, 2, 4]) {
      for (const seed of [1, 2, 3]) {
        const weights = randomParameters(tiny, seed, scale);
        const completions = await sampleWith(weights, { seed, samplesPerQuery: 3 });
        const expected = await trainingLogProbs(completions, weights);
        completions.forEach(({ logProbs }, i) => {
          expect(largestDifference(logProbs, expected[i])).toBeLessThan(1e-4);
        });
      }
    }
  });

  it('with a cache computes what the whole sequence without one gives: log-probabilities and entropies', async () => {
    for (const temperature of [0.7, 1, 2]) {
      const completions = await sample({ temperature, samplesPerQuery: 2 });
      const forward = await fullForward(completions, tiny, {
        parameters,
        queries,
        vectors,
        near,
        temperature,
      });
      completions.forEach(({ tokens, logProbs, entropies }, i) => {
        const expected = forward[i].map((distribution, t) => Math.log(distribution[tokens[t]]));
        expect(largestDifference(logProbs, expected)).toBeLessThan(1e-4);
        expect(largestDifference(entropies, forward[i].map(entropyOf))).toBeLessThan(1e-4);
      });
    }
  });

  it('takes the likeliest token at temperature 0', async () => {
    const completions = await sample({ temperature: 0, samplesPerQuery: 2 });
    const forward = await fullForward(completions, tiny, { parameters, queries, vectors, near });
    completions.forEach(({ tokens, logProbs }, i) => {
      const likeliest = forward[i].map((distribution) => distribution.indexOf(Math.max(...distribution)));
      expect([...tokens]).toEqual(likeliest);
      const best = forward[i].map((distribution) => Math.log(Math.max(...distribution)));
      expect(largestDifference(logProbs, best)).toBeLessThan(1e-4);
    });
    expect(completions[0].tokens).toEqual(completions[1].tokens);
  });

  it('draws only from the nucleus, and from all of it', async () => {
    const topP = 0.6;
    const completions = await sample({ topP, samplesPerQuery: 40 });
    const forward = await fullForward(completions, tiny, { parameters, queries, vectors, near });
    const ranks = new Set<number>();
    completions.forEach(({ tokens }, i) => {
      tokens.forEach((id, t) => {
        // A token is in the nucleus when those likelier than it do not fill it.
        const likelier = forward[i][t].filter((p) => p > forward[i][t][id]);
        ranks.add(likelier.length);
        expect(likelier.reduce((sum, p) => sum + p, 0)).toBeLessThan(topP + 1e-5);
      });
    });
    expect(ranks.size).toBeGreaterThan(3);
  });

  it.each(['nearTexts', 'nearWords'] as const)(
    'writes %s where it is made so, and knows their probabilities',
    async (writes) => {
      const bound = scene({ writes, format: { k: 3, maxTokens: 9 } });
      const parameters = randomParameters(bound, 1, 2);
      // They start at 0, where a hint in the wrong place would not be seen.
      parameters.get('running.bias')!.data.set([2, 1, -3, -1]);
      parameters.get('running.weight')!.data.forEach((_, i, all) => {
        all[i] = Math.sin(i);
      });
      const world = await catalogOfThings();
      const neighbourhood = new Neighbourhood(world, tokenizer, bound.format, writes);
      const policy = await DecoderPolicy.create({ ...bound, parameters, neighbourhood, runtime });
      const request = { queries: ['lamp', ''], vectors: randomVectors(2, 4), samplesPerQuery: 20, seed: 1 };
      const completions = await policy.sample(request);
      const known = world.items.map(({ text }) => text);
      const words = known.flatMap((text) => text.split(' '));
      for (const { subQueries } of completions) {
        for (const subQuery of subQueries) {
          if (writes === 'nearTexts') expect(known).toContain(subQuery);
          else for (const word of subQuery.split(' ')) expect(words).toContain(word);
        }
        if (writes === 'nearTexts') expect(new Set(subQueries).size).toBe(format.k);
      }
      const { queries: texts, vectors: conditions } = request;
      const hints = await policy.near(
        conditions,
        texts.map((text) => tokenizer.encode(text)),
      );
      const forward = await trainingLogProbs(completions, parameters, {
        of: bound,
        texts,
        conditions,
        hints,
      });
      completions.forEach(({ logProbs }, i) => {
        expect(largestDifference(logProbs, forward[i])).toBeLessThan(1e-4);
      });
      await policy.release();
      await expect(DecoderPolicy.create({ ...bound, parameters, runtime })).rejects.toThrow(RangeError);
    },
  );

  it('draws tokens as often as their probabilities say', async () => {
    const n = 2000;
    const completions = await sample({ queries: ['red'], samplesPerQuery: n });
    const [[distribution]] = await fullForward(completions.slice(0, 1), tiny, {
      parameters,
      queries,
      vectors,
      near,
    });
    const counts = new Float64Array(tokenizer.size);
    for (const { tokens } of completions) counts[tokens[0]] += 1 / n;
    // Four standard deviations of a share.
    counts.forEach((share, id) => {
      const p = distribution[id];
      expect(Math.abs(share - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / n) + 1e-6);
    });
  });

  it('reads the query: its text and its embedding', async () => {
    const greedy = async (texts: string[], rows: number[]) =>
      (await sample({ queries: texts, vectors: gatherRows(vectors, rows), temperature: 0 })).map((c) =>
        c.logProbs.slice(0, 1),
      );
    const [byText, otherText, otherVector] = await greedy(['red', 'blue', 'red'], [0, 0, 1]);
    expect(byText).not.toEqual(otherText);
    expect(byText).not.toEqual(otherVector);
  });

  it('of no queries is nothing', async () => {
    expect(await sample({ queries: [], vectors: gatherRows(vectors, []) })).toEqual([]);
  });

  it('stops at an abort signal', async () => {
    const reason = new Error('enough');
    await expect(sample({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it.each([{}, { temperature: 0 }, { topP: 0.5 }])('refuses damaged parameters: %o', async (options) => {
    const damaged = likeParameters(parameters, true);
    damaged.get('norm')?.data.fill(Number.NaN);
    await expect(sampleWith(damaged, options)).rejects.toThrow(R4tError);
  });
});
