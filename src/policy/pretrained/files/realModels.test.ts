import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLanguageModel } from './open.js';
import tokens from './testing/fixtures/tokens.json' with { type: 'json' };

/** The folder of real models; bench/pretrained/tokenFixtures.ts says which and from where. */
const folder = process.env.R4T_MODELS;
if (!folder) console.info('skipped: real models, whose folder R4T_MODELS names, are absent');

describe.each(Object.entries(tokens.models))('%s', (name, expected) => {
  const file = join(folder ?? '', `${name}.gguf`);

  // Figures of llama.cpp.
  it.skipIf(!folder || !existsSync(file))('makes the tokens that llama.cpp makes', async () => {
    const { weights, tokenizer } = await openLanguageModel(file);
    for (const [i, text] of tokens.texts.entries()) {
      const ids = tokenizer.encode(text);
      expect([text, ids.join(' ')]).toEqual([text, expected[i]]);
      if (!/[<>]/.test(text)) expect(tokenizer.decode(ids)).toBe(text);
    }
    await weights.close();
  });
});
