import { describe, expect, it, vi } from 'vitest';
import type { RankCandidatesOptions, ReadQueries } from '../candidates/reader.js';
import { matrix } from '../matrix.js';
import {
  type ChooseSamplingOptions,
  chooseSampling,
  SAMPLINGS,
  type Sampling,
  samplingsWith,
} from './sampling.js';
import type { ShownSet } from './setQuality.js';

const [K, SIZE] = [2, 4];
const TEXTS = ['red tent', 'blue lamp', 'chairs'];
const read: ReadQueries = {
  vectors: matrix(TEXTS.length, 3),
  size: SIZE,
  items: Int32Array.from({ length: TEXTS.length * SIZE }, (_, i) => i % SIZE),
  scores: new Float32Array(),
};
const vectors = matrix(SIZE, 3);
const from: Sampling[] = [
  { steps: 0, draws: 16 },
  { steps: 1, draws: 1 },
  { steps: 3, draws: 16 },
];

interface Stub {
  readonly asked: RankCandidatesOptions[];
  readonly opened: Sampling[];
  readonly released: Sampling[];
}

/** Chooses where the sets of the i-th sampling are worth `worth[i]` a query; a sampling may do something else instead. */
function choose(
  worth: readonly (readonly number[])[],
  changes: Partial<ChooseSamplingOptions> = {},
  instead?: (sampling: Sampling) => void,
): { choice: Promise<Sampling>; stub: Stub } {
  const stub: Stub = { asked: [], opened: [], released: [] };
  const choice = chooseSampling({
    from,
    open: (sampling) => {
      stub.opened.push(sampling);
      return {
        kind: 'candidates',
        standard: { means: [], deviations: [] },
        async rank(options) {
          stub.asked.push(options);
          options.signal?.throwIfAborted();
          instead?.(sampling);
          // The first item says which sampling it was, and what comes after k is nothing that people see.
          return TEXTS.map(() => Int32Array.of(from.indexOf(sampling), 3, 9));
        },
        async release() {
          stub.released.push(sampling);
        },
      };
    },
    quality: {
      metric: 'alphaNdcgAtK',
      queries: { texts: TEXTS, vectors: read.vectors },
      of: async (sets: readonly ShownSet[]) => {
        expect(sets.map(({ assigned }) => assigned.length)).toEqual(TEXTS.map(() => K));
        return Float64Array.from(sets, ({ assigned }, q) => worth[assigned[0].item][q]);
      },
    },
    read,
    vectors,
    k: K,
    seed: 7,
    ...changes,
  });
  return { choice, stub };
}
const all = (value: number) => TEXTS.map(() => value);

describe('chooseSampling', () => {
  it.each([
    ['the quickest of equal ones', [0.5, 0.5, 0.5], 0],
    ['the best where it is better by more than the queries can tell', [0.5, 0.4, 0.52], 2],
    ['a quicker one within 1% of the best', [0.4, 0.498, 0.5], 1],
    ['the quickest within 1% of the best, not the better of these', [0.496, 0.498, 0.5], 0],
    ['none that is worse by more than 1%', [0.494, 0.494, 0.5], 2],
    ['the quickest where it is the best', [0.5, 0.2, 0.3], 0],
    ['the best of rewards below 0', [-0.6, -0.5, -0.4], 2],
    ['a quicker one within 1% of a best below 0', [-0.6, -0.402, -0.4], 1],
    ['the quickest where nothing is worth anything', [0, 0, 0], 0],
  ])('takes %s', async (_, worth, wanted) => {
    expect(await choose(worth.map(all)).choice).toEqual(from[wanted]);
  });

  it('goes by all queries together', async () => {
    const worth = [
      [0.9, 0, 0],
      [0.4, 0.4, 0.4],
      [0.1, 0.1, 0.6],
    ];
    expect(await choose(worth).choice).toEqual(from[1]);
  });

  it('asks every one for the same queries, with the same noise, and frees it', async () => {
    const { choice, stub } = choose([0.1, 0.2, 0.3].map(all));
    await choice;
    expect(stub.opened).toEqual(from);
    expect(stub.released).toEqual(from);
    expect(stub.asked).toHaveLength(from.length);
    for (const options of stub.asked)
      expect(options).toEqual({ read, vectors, rows: K, depth: K, seed: 7, streams: TEXTS });
  });

  it('frees a model that fails, and opens no other', async () => {
    const { choice, stub } = choose([0.1, 0.2, 0.3].map(all), {}, ({ steps }) => {
      if (steps === 1) throw new Error('no memory');
    });
    await expect(choice).rejects.toThrow('no memory');
    expect(stub.opened).toEqual(from.slice(0, 2));
    expect(stub.released).toEqual(from.slice(0, 2));
  });

  it('frees a model whose sets cannot be judged', async () => {
    const of = vi.fn().mockRejectedValue(new Error('the judge is asleep'));
    const quality = { metric: 'reward', queries: { texts: TEXTS, vectors: read.vectors }, of } as const;
    const { choice, stub } = choose([], { quality });
    await expect(choice).rejects.toThrow('the judge is asleep');
    expect(stub.released).toEqual(from.slice(0, 1));
  });

  it('stops when it is told to', async () => {
    const control = new AbortController();
    const { choice, stub } = choose([0.1, 0.2, 0.3].map(all), { signal: control.signal }, ({ steps }) => {
      if (steps === 0) control.abort(new Error('enough'));
    });
    await expect(choice).rejects.toThrow('enough');
    expect(stub.opened.length).toBeLessThan(from.length);
    expect(stub.released).toEqual(stub.opened);
  });
});

describe('the samplings to choose from', () => {
  it('are those of nobody who says anything', () => {
    expect(samplingsWith({})).toEqual(SAMPLINGS);
    const cost = SAMPLINGS.map(({ steps, draws }) => steps * draws);
    expect(cost).toEqual(cost.toSorted((a, b) => a - b));
  });

  it.each<[Partial<Sampling>, Sampling[]]>([
    [
      { steps: 2 },
      [
        { steps: 2, draws: 1 },
        { steps: 2, draws: 16 },
      ],
    ],
    // A request may ask for steps, and then sets are drawn.
    [{ steps: 0 }, [{ steps: 0, draws: 16 }]],
    [
      { draws: 4 },
      [
        { steps: 0, draws: 4 },
        { steps: 1, draws: 4 },
        { steps: 3, draws: 4 },
      ],
    ],
    [{ steps: 5, draws: 3 }, [{ steps: 5, draws: 3 }]],
  ])('with %j are each once, the quickest first', (settings, expected) => {
    expect(samplingsWith(settings)).toEqual(expected);
  });
});
