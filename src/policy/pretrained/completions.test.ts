import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { floats, Session, Trainer } from '../../engine/index.js';
import { softGrpoLoss } from '../softGrpo.js';
import { completionFeeds, completionGraph } from './completions.js';
import { NEVER } from './graphs.js';
import { noise, oracleModel } from './testing/oracle.js';

interface GrpoFixture {
  readonly prompts: readonly number[][];
  /** Two of each prompt. */
  readonly completions: readonly number[][];
  readonly advantages: readonly number[];
  readonly logProbs: readonly number[][];
  readonly oldLogProbs: readonly number[][];
  readonly learningRate: number;
  readonly loss: number;
  /** Of each of the adapter's tensors after the step: its norm, and its product with `noise(7)`. */
  readonly after: Readonly<Record<string, readonly [number, number]>>;
}

/** A step by TRL's GRPOTrainer: see bench/pretrained/fixtures.py. */
const trl: GrpoFixture = JSON.parse(
  readFileSync(new URL('./testing/fixtures/grpo.json', import.meta.url), 'utf8'),
);
const model = oracleModel('llama', { adapted: true });
const { settings } = model.config;
const ids = (lists: readonly number[][]) => lists.map((list) => Int32Array.from(list));
const said = (bias = new Float32Array(settings.vocabularySize)) =>
  completionFeeds(settings, ids(trl.prompts), ids(trl.completions), bias);

describe('completionGraph', () => {
  it('gives the log-probabilities that TRL takes one completion at a time', async () => {
    const { logProbs } = completionGraph(model.config);
    const session = await Session.compile(logProbs.graph, { logProbs });
    const { feeds, dims } = said();
    const result = await session.run({ ...model.feeds, ...feeds });
    expect(dims).toEqual([4, 5]);
    trl.logProbs.forEach((row, c) => {
      const own = floats(result.logProbs).subarray(c * 5, (c + 1) * 5);
      for (const [t, x] of row.entries()) expect(own[t]).toBeCloseTo(x, 4);
      expect([...floats(feeds.weights).subarray(c * 5, (c + 1) * 5)]).toEqual(
        [0, 1, 2, 3, 4].map((t) => (t < row.length ? 1 : 0)),
      );
    });
    await session.release();
  });

  it('takes what must not be said out of the distribution', async () => {
    const { logProbs } = completionGraph(model.config);
    const session = await Session.compile(logProbs.graph, { logProbs });
    const bias = new Float32Array(settings.vocabularySize).fill(NEVER);
    bias[19] = bias[23] = 0;
    const { feeds } = completionFeeds(settings, ids([[5, 31]]), ids([[19], [23]]), bias);
    const { data } = (await session.run({ ...model.feeds, ...feeds })).logProbs;
    expect(Math.exp(Number(data[0])) + Math.exp(Number(data[1]))).toBeCloseTo(1, 5);
    await session.release();
  });
});

describe.each([
  ['in one run', 2],
  ['a prompt a run', 1],
])('a GRPO step %s', (_, perRun) => {
  it('is that of TRL, where the formulas are the same', async () => {
    const { logProbs, weights } = completionGraph(model.config);
    const { graph, shape } = logProbs;
    const { loss } = softGrpoLoss(
      {
        logProbs,
        weights,
        oldLogProbs: graph.input('oldLogProbs', shape),
        advantages: graph.input('advantages', shape),
      },
      { clip: 0.2, klOld: 0, klReverse: 0 },
    );
    const trainer = await Trainer.create({
      loss,
      parameters: model.adapter,
      frozen: model.frozen,
      optimizer: { beta1: 0.9, beta2: 0.95 },
    });
    const runs = Array.from({ length: 2 / perRun }, (_, r) => {
      const [start, end] = [2 * r * perRun, 2 * (r + 1) * perRun];
      const own = trl.completions.slice(start, end);
      const { feeds, dims } = completionFeeds(
        settings,
        ids(trl.prompts.slice(r * perRun, (r + 1) * perRun)),
        ids(own),
        new Float32Array(settings.vocabularySize),
      );
      const oldLogProbs = new Float32Array(dims[0] * dims[1]);
      const advantages = new Float32Array(dims[0] * dims[1]);
      own.forEach((_, c) => {
        oldLogProbs.set(trl.oldLogProbs[start + c], c * dims[1]);
        advantages.fill(trl.advantages[start + c], c * dims[1], (c + 1) * dims[1]);
      });
      const share = own.flat().length / trl.completions.flat().length;
      return {
        feeds: {
          ...feeds,
          oldLogProbs: { data: oldLogProbs, dims },
          advantages: { data: advantages, dims },
        },
        share,
      };
    });
    const result = await trainer.train(runs, { learningRate: trl.learningRate });
    expect(result.loss).toBeCloseTo(trl.loss, 5);
    expect([...trainer.parameters.keys()].sort()).toEqual(Object.keys(trl.after).sort());
    for (const [name, [norm, product]] of Object.entries(trl.after)) {
      const { data } = trainer.parameters.get(name) as { data: Float32Array };
      const direction = noise(7, data.length);
      expect(Math.hypot(...data), name).toBeCloseTo(norm, 4);
      expect(
        data.reduce((sum, x, i) => sum + x * direction[i], 0),
        name,
      ).toBeCloseTo(product, 3);
    }
    await trainer.release();
  });
});
