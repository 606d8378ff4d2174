import { describe, expect, it } from 'vitest';
import { InputError, R4tError } from '../errors.js';
import { matrix } from '../matrix.js';
import { coverageReward } from './coverageReward.js';
import { evaluateReward, scoreFanOuts } from './evaluateReward.js';
import type { FanOut, RewardFunction } from './reward.js';

const fanOut = (overrides: Partial<FanOut> = {}): FanOut => ({
  query: 'camping gear',
  queryVector: Float32Array.of(1, 0),
  subQueries: ['tent'],
  subQueryVectors: matrix(1, 2),
  retrieved: Int32Array.of(4),
  retrievedVectors: matrix(1, 2),
  withinBudget: Int32Array.of(4, 7),
  hits: { indices: Int32Array.of(4), scores: Float32Array.of(0), k: 1 },
  reference: [7, 8],
  referenceVectors: matrix(2, 2),
  items: [],
  ...overrides,
});

/** A reward as plain JavaScript may write it. */
const broken = (value: unknown) => (() => value) as unknown as RewardFunction;

describe('evaluateReward', () => {
  it('takes a plain number as the reward', () => {
    expect(evaluateReward(({ retrieved }) => retrieved[0] / 8, fanOut())).toEqual({
      reward: 0.5,
      components: {},
    });
  });

  it('passes a full result through', () => {
    expect(evaluateReward(coverageReward(), fanOut())).toEqual({
      reward: 0.5,
      components: { coverage: { raw: 0.5, normalized: 0.5 } },
      gains: [0.5],
    });
  });

  it.each([
    [Number.NaN, 'returned NaN for query "camping gear"'],
    [Number.POSITIVE_INFINITY, 'returned Infinity for'],
    [undefined, 'returned undefined for'],
    ['0.5', 'returned "0.5" for'],
    [Promise.resolve(1), 'returned a Promise (a reward cannot be async) for'],
    [{ score: 1 }, 'returned an object without reward and components for'],
    [{ reward: Number.NaN, components: {} }, 'returned NaN as reward for'],
    [
      { reward: 1, components: { novelty: { raw: 1 } } },
      'returned undefined as components.novelty.normalized',
    ],
    [{ reward: 1, components: { novelty: null } }, 'returned undefined as components.novelty.raw'],
  ])('names what a broken reward returned: %o', (value, message) => {
    expect(() => evaluateReward(broken(value), fanOut())).toThrow(message);
    expect(() => evaluateReward(broken(value), fanOut())).toThrow(R4tError);
  });

  it('says that the reward threw, and keeps the cause', () => {
    const cause = new TypeError('items[3] is undefined');
    const reward = () => {
      throw cause;
    };
    expect(() => evaluateReward(reward, fanOut())).toThrow(
      expect.objectContaining({
        name: 'R4tError',
        message: expect.stringContaining('threw TypeError: items[3] is undefined for query "camping gear"'),
        cause,
      }),
    );
  });

  it("leaves the package's own errors as they are", () => {
    const error = new InputError('has no colour', { field: 'colour' });
    expect(() =>
      evaluateReward(() => {
        throw error;
      }, fanOut()),
    ).toThrow(error);
    expect(() => evaluateReward(coverageReward(), fanOut({ reference: [] }))).toThrow(
      'the coverage reward needs a reference set, and query "camping gear" has none',
    );
  });
});

describe('scoreFanOuts', () => {
  it('returns every result and the means', () => {
    const batch = scoreFanOuts(
      [fanOut(), fanOut({ reference: [4, 7] }), fanOut({ reference: [1] })],
      coverageReward(),
    );
    expect([...batch.rewards]).toEqual([0.5, 1, 0]);
    expect(batch.meanReward).toBe(0.5);
    expect(batch.meanComponents).toEqual({ coverage: { raw: 0.5, normalized: 0.5 } });
    expect(batch.results).toHaveLength(3);
  });

  it('averages a component over the results which have it', () => {
    const reward: RewardFunction = ({ query }) =>
      query === '' ? 0 : { reward: 1, components: { novelty: { raw: 4, normalized: 0.4 } } };
    expect(scoreFanOuts([fanOut(), fanOut({ query: '' })], reward)).toMatchObject({
      meanReward: 0.5,
      meanComponents: { novelty: { raw: 4, normalized: 0.4 } },
    });
  });

  it('of nothing is nothing', () => {
    expect(scoreFanOuts([], () => 1)).toMatchObject({ results: [], meanReward: 0, meanComponents: {} });
  });
});
