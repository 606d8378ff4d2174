import { describe, expect, it } from 'vitest';
import { floats, Session } from '../../engine/index.js';
import { CounterRandom } from '../../random.js';
import { generate } from './generate.js';
import { NEVER, nextToken, pickPositions, sequenceGraph } from './graphs.js';
import type { LanguageModel } from './languageModel.js';
import { layOut, sequenceFeeds } from './sequences.js';
import { ARCHITECTURES } from './settings.js';
import { oracleModel } from './testing/oracle.js';

const options = (model: LanguageModel, samples: number) => ({
  samples,
  temperature: 0.7,
  maxTokens: 9,
  bias: new Float32Array(model.config.settings.vocabularySize),
  random: (prompt: number, sample: number) => new CounterRandom(3, prompt, sample),
  ended: () => false,
});
const prompts = [
  Int32Array.of(5, 31, 7, 2, 19, 23),
  Int32Array.of(5, 31, 7, 8),
  Int32Array.of(5, 31, 7, 2, 1, 9, 9, 12, 30),
];

describe.each(ARCHITECTURES)('%s', (architecture) => {
  const model = oracleModel(architecture);
  const { settings } = model.config;

  it('says of every token it draws what reading the whole sequence says of it', async () => {
    const written = await generate(model, prompts, options(model, 3));
    const { graph, hidden } = sequenceGraph(model.config);
    const session = await Session.compile(graph, { ...nextToken(settings, pickPositions(hidden)) });
    for (const [p, continuations] of written.entries()) {
      for (const { tokens, logProbs, entropies } of continuations) {
        expect(tokens.length).toBe(9);
        const all = [...prompts[p], ...tokens];
        const positions = Int32Array.from(tokens, (_, t) => prompts[p].length + t - 1);
        const { probabilities, entropies: expected } = await session.run({
          ...model.feeds,
          ...sequenceFeeds(settings, layOut({ tokens: all })),
          positions: { data: positions, dims: [9] },
          bias: { data: new Float32Array(settings.vocabularySize), dims: [settings.vocabularySize] },
          sharpness: { data: Float32Array.of(1 / 0.7), dims: [] },
        });
        tokens.forEach((token, t) => {
          const p = floats(probabilities)[t * settings.vocabularySize + token];
          expect(logProbs[t]).toBeCloseTo(Math.log(p), 4);
          expect(entropies[t]).toBeCloseTo(floats(expected)[t], 4);
        });
      }
    }
    await session.release();
  });

  it('draws for a prompt what it draws for it alone', async () => {
    const together = await generate(model, prompts, options(model, 2));
    const alone = await generate(model, [prompts[1]], {
      ...options(model, 2),
      random: (_, sample) => new CounterRandom(3, 1, sample),
    });
    expect(alone[0].map(({ tokens }) => tokens)).toEqual(together[1].map(({ tokens }) => tokens));
  });
});

describe('generate', () => {
  const model = oracleModel('llama');
  it('takes the likeliest token at temperature 0, and never what must not be said', async () => {
    const greedy = { ...options(model, 1), temperature: 0 };
    const [[{ tokens }]] = await generate(model, [prompts[0]], greedy);
    const bias = greedy.bias.slice();
    bias[tokens[0]] = NEVER;
    const [[other]] = await generate(model, [prompts[0]], { ...greedy, bias });
    expect(other.tokens).not.toContain(tokens[0]);
  });

  it('writes more samples than run at a time, each of its own stream', async () => {
    const [samples] = await generate(model, [prompts[0]], { ...options(model, 70), maxTokens: 3 });
    expect(samples.length).toBe(70);
    const [few] = await generate(model, [prompts[0]], { ...options(model, 5), maxTokens: 3 });
    expect(few.map(({ tokens }) => tokens)).toEqual(samples.slice(0, 5).map(({ tokens }) => tokens));
  });

  it('ends each continuation where it is told to', async () => {
    const ended = (tokens: readonly number[]) => tokens[tokens.length - 1] % 4 === 0;
    const [samples] = await generate(model, [prompts[0]], { ...options(model, 12), ended });
    for (const { tokens } of samples) {
      expect(tokens.slice(0, -1).some((t) => t % 4 === 0)).toBe(false);
      expect(tokens.length === 9 || tokens[tokens.length - 1] % 4 === 0).toBe(true);
    }
  });

  it('tells by the numbers when a prompt is too long', async () => {
    await expect(generate(model, [new Int32Array(60)], options(model, 1))).rejects.toThrow(
      "a prompt of 60 tokens and 9 to write do not fit in the model's context of 64; use fewer or shorter examples",
    );
  });

  it('can be stopped', async () => {
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(generate(model, prompts, { ...options(model, 1), signal })).rejects.toThrow('enough');
  });
});
