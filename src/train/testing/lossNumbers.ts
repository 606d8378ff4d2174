/** The loss of Soft-GRPO on drawn numbers, by this engine: what trainers elsewhere are checked against. */
import { floats, Graph, gradients, Session } from '../../engine/index.js';
import { softGrpoLoss } from '../../policy/softGrpo.js';
import { CounterRandom } from '../../random.js';

export interface LossNumbers {
  readonly coefficients: { readonly clip: number; readonly klOld: number; readonly klReverse: number };
  /** [rows][tokens], as float32 holds them. */
  readonly logProbs: readonly (readonly number[])[];
  readonly oldLogProbs: readonly (readonly number[])[];
  readonly mask: readonly (readonly number[])[];
  /** [rows] */
  readonly advantages: readonly number[];
  readonly loss: number;
  /** Of the loss by `logProbs`. */
  readonly gradient: readonly (readonly number[])[];
}

const [ROWS, TOKENS] = [6, 9];
const COEFFICIENTS = { clip: 0.2, klOld: 0.05, klReverse: 0.03 };

/** Rows of different lengths; ratios from 0.5 to 2, so that some are clipped on either side. */
export async function lossNumbers(seed = 1): Promise<LossNumbers> {
  const random = new CounterRandom(seed, 'loss numbers');
  const draw = (of: (i: number) => number) => Float32Array.from({ length: ROWS * TOKENS }, (_, i) => of(i));
  const logProbs = draw(() => -4 * random.uniform());
  const oldLogProbs = draw((i) => logProbs[i] + 1.4 * (random.uniform() - 0.5));
  const advantages = Float32Array.from({ length: ROWS }, () => random.normal());
  const lengths = Array.from({ length: ROWS }, () => 1 + random.integer(TOKENS));
  const mask = draw((i) => Number(i % TOKENS < lengths[Math.floor(i / TOKENS)]));

  const graph = new Graph();
  const input = (name: string) => graph.input(name, [ROWS, TOKENS]);
  const [now, old, earned, weights] = ['logProbs', 'oldLogProbs', 'advantages', 'weights'].map(input);
  const { loss } = softGrpoLoss(
    { logProbs: now, oldLogProbs: old, advantages: earned, weights },
    COEFFICIENTS,
  );
  const [gradient] = gradients(loss, [now]);
  const session = await Session.compile(graph, { loss, gradient }, { threads: 1 });
  try {
    const dims = [ROWS, TOKENS];
    const found = await session.run({
      logProbs: { data: logProbs, dims },
      oldLogProbs: { data: oldLogProbs, dims },
      advantages: { data: draw((i) => advantages[Math.floor(i / TOKENS)]), dims },
      weights: { data: mask, dims },
    });
    const rows = (values: ArrayLike<number>) =>
      lengths.map((_, r) => Array.from(values).slice(r * TOKENS, (r + 1) * TOKENS));
    return {
      coefficients: COEFFICIENTS,
      logProbs: rows(logProbs),
      oldLogProbs: rows(oldLogProbs),
      mask: rows(mask),
      advantages: [...advantages],
      loss: floats(found.loss)[0],
      gradient: rows(floats(found.gradient)),
    };
  } finally {
    await session.release();
  }
}
