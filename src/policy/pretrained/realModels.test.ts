import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { floats, Session } from '../../engine/index.js';
import { CounterRandom } from '../../random.js';
import { logits } from './blocks.js';
import { openLanguageModel } from './files/open.js';
import { generate } from './generate.js';
import { pickPositions, sequenceGraph } from './graphs.js';
import { LanguageModel, readWeights } from './languageModel.js';
import { layOut, sequenceFeeds } from './sequences.js';

interface RealModel {
  readonly tokens: readonly number[];
  /** After the last token, of every so-manieth token of the vocabulary. */
  readonly every: number;
  readonly logits: readonly number[];
  /** The likeliest continuation. */
  readonly greedy: readonly number[];
}

/** What transformers computes with real weights: see bench/pretrained/realModels.py, which names the files. */
const models: Readonly<Record<string, RealModel>> = JSON.parse(
  readFileSync(new URL('./testing/fixtures/realModels.json', import.meta.url), 'utf8'),
);
const folder = process.env.R4T_MODELS;
if (!folder) console.info('skipped: real models, whose folder R4T_MODELS names, are absent');

describe.each(Object.entries(models))('%s', (name, expected) => {
  const file = join(folder ?? '', name);
  it.skipIf(!folder || !existsSync(file))(
    'has the logits that transformers computes, and goes on as it does',
    async () => {
      const { weights } = await openLanguageModel(file);
      const { settings } = weights;
      const model = LanguageModel.create({ settings }, await readWeights(weights, file));
      await weights.close();
      const { graph, hidden } = sequenceGraph({ settings });
      const session = await Session.compile(graph, { logits: logits(settings, pickPositions(hidden)) });
      const result = await session.run({
        ...model.feeds,
        ...sequenceFeeds(settings, layOut({ tokens: expected.tokens })),
        positions: { data: Int32Array.of(expected.tokens.length - 1), dims: [1] },
      });
      const own = floats(result.logits);
      const differences = expected.logits.map((x, i) => Math.abs(own[i * expected.every] - x));
      expect(Math.max(...differences)).toBeLessThan(1e-3);
      await session.release();
      const [[{ tokens }]] = await generate(model, [Int32Array.from(expected.tokens)], {
        samples: 1,
        temperature: 0,
        maxTokens: expected.greedy.length,
        bias: new Float32Array(settings.vocabularySize),
        random: () => new CounterRandom(1),
        ended: () => false,
      });
      expect(tokens).toEqual(expected.greedy);
      await model.release();
    },
    600_000,
  );
});
