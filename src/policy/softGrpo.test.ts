import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Feeds, floats, Graph, gradients, ops, Session } from '../engine/index.js';
import { CounterRandom } from '../random.js';
import { groupAdvantages, softGrpoLoss, subQueryAdvantages } from './softGrpo.js';
import { runtime } from './testing/scene.js';

const COEFFICIENTS = { clip: 0.2, klOld: 0.05, klReverse: 0.03 };

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0) / values.length;
const deviation = (values: ArrayLike<number>) => {
  const m = mean(values);
  return Math.sqrt(mean(Array.from(values, (x) => (x - m) ** 2)));
};

describe('groupAdvantages', () => {
  it('has mean 0 and deviation 1 in each group', () => {
    const reward = fc.double({ min: -5, max: 5, noNaN: true });
    const rewards = fc.array(fc.array(reward, { minLength: 4, maxLength: 4 }), { maxLength: 5 });
    fc.assert(
      fc.property(rewards, (groups) => {
        const { advantages, zeroVarianceGroups } = groupAdvantages(groups.flat(), 4);
        let flat = 0;
        groups.forEach((group, g) => {
          const own = advantages.subarray(4 * g, 4 * g + 4);
          expect(Math.abs(mean(own))).toBeLessThan(1e-5);
          if (deviation(group) < 1e-6) {
            flat++;
            expect([...own]).toEqual([0, 0, 0, 0]);
          } else {
            const std = deviation(group);
            expect(deviation(own)).toBeCloseTo(std / (std + 1e-6), 5);
          }
        });
        expect(zeroVarianceGroups).toBe(flat);
      }),
    );
  });

  it('counts a group of equal rewards, and teaches nothing from it', () => {
    const { advantages, zeroVarianceGroups } = groupAdvantages([1, 3, 0.1, 0.1, 2, 0], 2);
    expect(zeroVarianceGroups).toBe(1);
    expect([...advantages].map((a) => Math.round(a))).toEqual([-1, 1, 0, 0, 1, -1]);
  });

  it('does not depend on the scale of the rewards, nor on what is added to them', () => {
    const a = groupAdvantages([1, 2, 4], 3).advantages;
    const b = groupAdvantages([1010, 1020, 1040], 3).advantages;
    a.forEach((x, i) => {
      expect(x).toBeCloseTo(b[i], 4);
    });
  });
});

const ROWS = 3;
const CHOICES = 5;

interface Terms {
  readonly logProbs: Float64Array;
  readonly oldLogProbs: Float64Array;
  readonly advantages: Float64Array;
  readonly weights: Float64Array;
}

/** docs/paper.md, Soft-GRPO, choice by choice. */
function plainLoss({ logProbs, oldLogProbs, advantages, weights }: Terms): number {
  const { clip, klOld, klReverse } = COEFFICIENTS;
  let total = 0;
  let count = 0;
  weights.forEach((weight, i) => {
    if (weight === 0) return;
    const advantage = advantages[i];
    const rho = Math.exp(logProbs[i] - oldLogProbs[i]);
    const clipped = Math.min(Math.max(rho, 1 - clip), 1 + clip);
    total -= Math.min(rho * advantage, clipped * advantage);
    total += klOld * rho * (logProbs[i] - oldLogProbs[i]);
    total += klReverse * -logProbs[i];
    count++;
  });
  return total / Math.max(1, count);
}

/** Ratios from 0.4 to 2.5, on both sides of the clip range but not at its edges, where the loss has a kink. */
function randomTerms(seed: number): Terms {
  const random = new CounterRandom(seed, 'soft-grpo test');
  const cells = Array.from({ length: ROWS * CHOICES });
  const advantages = Float64Array.from(cells, () => random.normal());
  const logProbs = Float64Array.from(cells, () => -5 * random.uniform());
  const oldLogProbs = logProbs.map((logProb) => {
    for (;;) {
      const logRatio = 1.8 * (random.uniform() - 0.5);
      if (Math.abs(Math.abs(Math.exp(logRatio) - 1) - COEFFICIENTS.clip) > 0.01) return logProb - logRatio;
    }
  });
  const weights = Float64Array.from(cells, () => (random.uniform() < 0.7 ? 1 : 0));
  return { logProbs, oldLogProbs, advantages, weights };
}

const feedsOf = (terms: Terms): Feeds =>
  Object.fromEntries(
    Object.entries(terms).map(([name, data]) => [
      name,
      { data: Float32Array.from(data), dims: [ROWS, CHOICES] },
    ]),
  );

async function lossSession(): Promise<Session> {
  const graph = new Graph();
  const input = (name: keyof Terms) => graph.input(name, ['queries', 'choices']);
  const logProbs = input('logProbs');
  const { loss, ratio, logRatio } = softGrpoLoss(
    {
      logProbs,
      oldLogProbs: input('oldLogProbs'),
      advantages: input('advantages'),
      weights: input('weights'),
    },
    COEFFICIENTS,
  );
  const [gradient] = gradients(loss, [logProbs]);
  return Session.compile(graph, { loss, ratio, logRatio, gradient }, runtime);
}

describe('softGrpoLoss', () => {
  it('is the formula, and its gradient is that of the formula', async () => {
    const session = await lossSession();
    const seen = { clippedUp: 0, clippedDown: 0, unclippedUp: 0, unclippedDown: 0 };
    for (let seed = 0; seed < 40; seed++) {
      const terms = randomTerms(seed);
      const { loss, ratio, logRatio, gradient } = await session.run(feedsOf(terms));
      expect(floats(loss)[0]).toBeCloseTo(plainLoss(terms), 4);
      terms.logProbs.forEach((x, i) => {
        expect(floats(logRatio)[i]).toBeCloseTo(x - terms.oldLogProbs[i], 5);
        expect(floats(ratio)[i]).toBeCloseTo(Math.exp(x - terms.oldLogProbs[i]), 5);
        const h = 1e-5;
        const at = (value: number) => plainLoss({ ...terms, logProbs: terms.logProbs.with(i, value) });
        const expected = (at(x + h) - at(x - h)) / (2 * h);
        expect(Math.abs(floats(gradient)[i] - expected)).toBeLessThan(1e-4);
        const up = terms.advantages[i] > 0;
        const rho = Math.exp(x - terms.oldLogProbs[i]);
        if (rho > 1.2) seen[up ? 'clippedUp' : 'unclippedDown']++;
        if (rho < 0.8) seen[up ? 'unclippedUp' : 'clippedDown']++;
      });
    }
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
    await session.release();
  });

  it('does not look at masked positions, whatever they hold', async () => {
    const session = await lossSession();
    const terms = randomTerms(1);
    const wild = {
      ...terms,
      logProbs: terms.logProbs.map((x, i) => (terms.weights[i] === 0 ? -30 : x)),
      oldLogProbs: terms.oldLogProbs.map((x, i) => (terms.weights[i] === 0 ? 0 : x)),
    };
    const expected = await session.run(feedsOf(terms));
    const found = await session.run(feedsOf(wild));
    expect(floats(found.loss)[0]).toBe(floats(expected.loss)[0]);
    terms.weights.forEach((weight, i) => {
      if (weight === 0) expect(floats(found.gradient)[i]).toBeCloseTo(0, 12);
    });
    const nothing = await session.run(feedsOf({ ...terms, weights: terms.weights.map(() => 0) }));
    expect(floats(nothing.loss)[0]).toBe(0);
    await session.release();
  });

  it('at ratio 1 pulls a softmax towards what is better than its group, less what keeps it spread', async () => {
    const OPTIONS = 4;
    const random = new CounterRandom(2, 'softmax');
    const logits = new Float32Array(ROWS * OPTIONS);
    random.fillNormal(logits);
    const chosen = Int32Array.from({ length: ROWS * CHOICES }, () => random.integer(OPTIONS));
    const terms = randomTerms(3);
    const { advantages, weights } = terms;
    const probabilities = Array.from({ length: ROWS }, (_, q) => {
      const own = Array.from(logits.subarray(q * OPTIONS, (q + 1) * OPTIONS), Math.exp);
      return own.map((w) => w / own.reduce((a, b) => a + b));
    });
    const logProbOf = (i: number) => Math.log(probabilities[Math.floor(i / CHOICES)][chosen[i]]);

    const graph = new Graph();
    const input = (name: string) => graph.input(name, ['queries', 'choices']);
    const scores = graph.input('logits', ['queries', OPTIONS]);
    const { loss } = softGrpoLoss(
      {
        logProbs: ops.gatherLast(
          ops.logSoftmax(scores),
          graph.input('chosen', ['queries', 'choices'], 'int32'),
        ),
        oldLogProbs: input('oldLogProbs'),
        advantages: input('advantages'),
        weights: input('weights'),
      },
      COEFFICIENTS,
    );
    const [gradient] = gradients(loss, [scores]);
    const session = await Session.compile(graph, { loss, gradient }, runtime);
    const oldLogProbs = Float64Array.from(chosen, (_, i) => logProbOf(i));
    const { logProbs: _, ...feeds } = feedsOf({ ...terms, oldLogProbs });
    const result = await session.run({
      ...feeds,
      chosen: { data: chosen, dims: [ROWS, CHOICES] },
      logits: { data: logits, dims: [ROWS, OPTIONS] },
    });
    await session.release();

    const { klOld, klReverse } = COEFFICIENTS;
    const count = weights.reduce((a, b) => a + b);
    let expectedLoss = 0;
    const expected = new Float64Array(logits.length);
    chosen.forEach((own, i) => {
      if (weights[i] === 0) return;
      expectedLoss -= (advantages[i] + klReverse * logProbOf(i)) / count;
      const q = Math.floor(i / CHOICES);
      const pull = (klOld - advantages[i] - klReverse) / count;
      for (let o = 0; o < OPTIONS; o++)
        expected[q * OPTIONS + o] += pull * ((o === own ? 1 : 0) - probabilities[q][o]);
    });
    expect(floats(result.loss)[0]).toBeCloseTo(expectedLoss, 5);
    floats(result.gradient).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 5);
    });
  });
});

describe('subQueryAdvantages', () => {
  it('have mean 0 at every place and deviation 1 in every group', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(0, 0.5, 1), (seed, discount) => {
        const random = new CounterRandom(seed, 'test');
        const gains = Array.from({ length: 8 }, () => Array.from({ length: 3 }, () => random.uniform()));
        const advantages = subQueryAdvantages(gains, 4, discount);
        for (const group of [0, 1]) {
          const own = advantages.subarray(group * 12, (group + 1) * 12);
          for (let place = 0; place < 3; place++) {
            const mean = [0, 1, 2, 3].reduce((sum, i) => sum + own[i * 3 + place] / 4, 0);
            expect(mean).toBeCloseTo(0, 5);
          }
          expect(own.reduce((sum, a) => sum + a * a, 0) / 12).toBeCloseTo(1, 3);
        }
      }),
    );
  });

  it('credit a sub-query with what it and later ones gain, never with what came before', () => {
    const [a, b] = [
      [1, 0],
      [0, 0],
    ];
    expect([...subQueryAdvantages([a, b], 2, 1)].map(Math.sign)).toEqual([1, 0, -1, 0]);
    const late = [
      [0, 1],
      [0, 0],
    ];
    expect([...subQueryAdvantages(late, 2, 1)].map(Math.sign)).toEqual([1, 1, -1, -1]);
    expect([...subQueryAdvantages(late, 2, 0)].map(Math.sign)).toEqual([0, 1, 0, -1]);
  });

  it('are 0 where a group has gained the same', () => {
    expect([
      ...subQueryAdvantages(
        [
          [1, 2],
          [1, 2],
        ],
        2,
        0.5,
      ),
    ]).toEqual([0, 0, 0, 0]);
  });
});
