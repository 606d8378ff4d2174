/**
 * Whether llama.cpp continues prompts with exported models as our engine does with the originals, likeliest tokens first.
 *
 *     npx jiti bench/pretrained/exported.ts <llama-server> [model.gguf]
 *
 * Small random models of each architecture, written as F32 (without an adapter and with one merged in); and a real model, if one is
 * given, with a random adapter merged in, written as F16 and Q8_0. Prints how many tokens agree.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Parameters } from '../../src/engine/index.js';
import type { ExportedModel } from '../../src/policy/pretrained/files/index.js';
import { openLanguageModel, withAdapter, writeGguf } from '../../src/policy/pretrained/files/index.js';
import { tinyModel } from '../../src/policy/pretrained/files/testing/tinyModel.js';
import { generate } from '../../src/policy/pretrained/generate.js';
import { LanguageModel, readWeights } from '../../src/policy/pretrained/languageModel.js';
import { LORA_TARGETS } from '../../src/policy/pretrained/lora.js';
import { ARCHITECTURES, type WeightFile } from '../../src/policy/pretrained/settings.js';
import { CounterRandom } from '../../src/random.js';
import { withLlamaServer } from './llamaServer.js';

const TOKENS = 24;
const lora = { rank: 4, alpha: 8, targets: LORA_TARGETS };
const [server, real] = process.argv.slice(2);
if (!server) throw new Error('give the path of llama-server');

/** The adapter's B, zero at first, filled at random. */
function fill(adapter: Parameters, scale: number): void {
  for (const [name, { data }] of adapter)
    if (name.includes('.lora_B')) new CounterRandom(3, name).fillNormal(data as Float32Array, scale);
}

async function byEngine(model: LanguageModel, prompts: readonly Int32Array[]): Promise<number[][]> {
  const written = await generate(model, prompts, {
    samples: 1,
    temperature: 0,
    maxTokens: TOKENS,
    bias: new Float32Array(model.config.settings.vocabularySize),
    random: () => new CounterRandom(1),
    ended: () => false,
  });
  return written.map(([first]) => [...(first?.tokens ?? [])]);
}

// Keys and values in full precision: kept in half, near ties of random models go the other way.
const PRECISE = ['-c', '512', '-np', '1', '-ctk', 'f32', '-ctv', 'f32', '-fa', 'off'];

const byLlamaCpp = (file: string, prompts: readonly Int32Array[]): Promise<number[][]> =>
  withLlamaServer(server as string, file, PRECISE, async (ask) => {
    const written: number[][] = [];
    for (const prompt of prompts) {
      const { tokens } = await ask('/completion', {
        prompt: [...prompt],
        n_predict: TOKENS,
        temperature: 0,
        ignore_eos: true,
        return_tokens: true,
        cache_prompt: false,
      });
      written.push(tokens);
    }
    return written;
  });

async function compare(
  name: string,
  model: ExportedModel & { readonly weights: WeightFile },
  types: readonly ('F32' | 'F16' | 'Q8_0')[],
  scale: number,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'r4t-exported-'));
  try {
    const { settings } = model.weights;
    const frozen = await readWeights(model.weights, name);
    const prompts = ['the tea', 'camping in the rain', 'a home office for two'].map((content) =>
      model.tokenizer.chat([{ role: 'user', content }]),
    );
    for (const adapted of [false, true]) {
      const own = LanguageModel.create({ settings, ...(adapted && { lora }) }, frozen);
      fill(own.adapter, scale);
      const tensors = Object.fromEntries(
        [...own.adapter].map(([key, { data, dims }]) => [key, { data: data as Float32Array, shape: dims }]),
      );
      const expected = await byEngine(own, prompts);
      await own.release();
      for (const type of types) {
        const file = join(folder, 'model.gguf');
        const weights = adapted ? withAdapter(model.weights, { lora, tensors }) : model.weights;
        await writeGguf(file, { ...model, weights }, { type });
        const found = await byLlamaCpp(file, prompts);
        const agree = expected.map((tokens, i) => {
          const end = tokens.findIndex((token, at) => token !== found[i]?.[at]);
          return end < 0 ? tokens.length : end;
        });
        console.log(
          `${name} ${type}${adapted ? ' with an adapter' : ''}: first ${agree.join(', ')} of ${TOKENS} tokens`,
        );
      }
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

for (const architecture of ARCHITECTURES) {
  const model = tinyModel(architecture);
  await compare(
    `small ${architecture}`,
    { ...model, weights: { ...model.weights, close: async () => {} } },
    ['F32'],
    0.2,
  );
}
if (real) {
  const model = await openLanguageModel(real);
  await compare(real, model, ['F16', 'Q8_0'], 0.01);
  await model.weights.close();
}
