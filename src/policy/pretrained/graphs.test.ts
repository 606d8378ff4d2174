import { describe, expect, it } from 'vitest';
import { floats, gradients, ops, parameterFeeds, Session, type Value } from '../../engine/index.js';
import { logits } from './blocks.js';
import { pickPositions, sequenceGraph } from './graphs.js';
import { layOut, sequenceFeeds } from './sequences.js';
import { ARCHITECTURES } from './settings.js';
import { formulaWeights, noise, oracle } from './testing/oracle.js';

describe.each(ARCHITECTURES)('%s', (architecture) => {
  const { settings, lora, tokens, ...expected } = oracle(architecture);
  const layout = layOut({ tokens: [], branches: tokens.map((own) => ({ tokens: own })) });
  const length = tokens[0].length;

  it('computes the logits that transformers does', async () => {
    const { graph, hidden } = sequenceGraph({ settings });
    const session = await Session.compile(graph, { logits: logits(settings, pickPositions(hidden)) });
    const positions = Int32Array.of(3, 11, length + 3, length + 11);
    const result = await session.run({
      ...sequenceFeeds(settings, layout),
      ...parameterFeeds(formulaWeights(graph, settings)),
      positions: { data: positions, dims: [positions.length] },
    });
    const difference = differences(floats(result.logits), expected.logits.flat(2));
    expect(difference).toBeLessThan(1e-4);
    await session.release();
  });

  it('has the gradients of an adapter that peft has', async () => {
    const { graph, hidden } = sequenceGraph({ settings, lora });
    const positions = Int32Array.from([...layout.tokens.keys()].filter((t) => t % length < length - 1));
    const nextTokens = positions.map((t) => layout.tokens[t + 1]);
    const all = ops.logSoftmax(logits(settings, pickPositions(hidden)));
    const targets = graph.input('targets', ['picked', 1], 'int32');
    const loss = ops.neg(ops.mean(ops.gatherLast(all, targets)));
    const names = Object.keys(expected.loraGradients);
    const values = names.map((name) => graph.parameters.get(name)?.value as Value);
    const outputs = Object.fromEntries(gradients(loss, values).map((g, i) => [`d ${names[i]}`, g]));
    const session = await Session.compile(graph, { loss, ...outputs });
    const result = await session.run({
      ...sequenceFeeds(settings, layout),
      ...parameterFeeds(formulaWeights(graph, settings)),
      positions: { data: positions, dims: [positions.length] },
      targets: { data: nextTokens, dims: [nextTokens.length, 1] },
    });
    expect(floats(result.loss)[0]).toBeCloseTo(expected.loraLoss, 5);
    expect(names.length).toBe(2 * lora.targets.length * settings.layers);
    for (const name of names) {
      const gradient = floats(result[`d ${name}`]);
      const direction = noise(7, gradient.length);
      const [norm, product] = expected.loraGradients[name];
      expect(Math.hypot(...gradient), name).toBeCloseTo(norm, 4);
      expect(
        gradient.reduce((sum, g, i) => sum + g * direction[i], 0),
        name,
      ).toBeCloseTo(product, 4);
    }
    await session.release();
  });
});

function differences(a: ArrayLike<number>, b: readonly number[]): number {
  expect(a.length).toBe(b.length);
  return Math.max(...b.map((x, i) => Math.abs(a[i] - x)));
}
