/**
 * Whether llama.cpp continues prompts with exported models as our engine does with the originals, likeliest tokens first.
 *
 *     npx jiti bench/pretrained/exported.ts <llama-server> [model.gguf]
 *
 * Small random models of each architecture, written as F32 (without an adapter and with one merged in); and a real model, if one is
 * given, with a random adapter merged in, written as F16 and Q8_0. Prints how many tokens agree.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { Parameters } from '../../src/engine/index.js';
import type { ExportedModel } from '../../src/policy/pretrained/files/index.js';
import { openLanguageModel, withAdapter, writeGguf } from '../../src/policy/pretrained/files/index.js';
import { tinyModel } from '../../src/policy/pretrained/files/testing/tinyModel.js';
import { generate } from '../../src/policy/pretrained/generate.js';
import { LanguageModel, readWeights } from '../../src/policy/pretrained/languageModel.js';
import { LORA_TARGETS } from '../../src/policy/pretrained/lora.js';
import { ARCHITECTURES, type WeightFile } from '../../src/policy/pretrained/settings.js';
import { CounterRandom } from '../../src/random.js';

const PORT = 18_081;
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

async function byLlamaCpp(file: string, prompts: readonly Int32Array[]): Promise<number[][]> {
  // Keys and values in full precision: kept in half, near ties of random models go the other way.
  const precise = ['-ctk', 'f32', '-ctv', 'f32', '-fa', 'off'];
  const options = ['--port', String(PORT), '-c', '512', '-np', '1', '-t', '1', ...precise];
  const child = spawn(server as string, ['-m', file, ...options], { stdio: 'ignore' });
  try {
    const isReady = () =>
      fetch(`http://127.0.0.1:${PORT}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isReady())) {
      if (child.exitCode !== null) throw new Error(`llama-server ended with code ${child.exitCode}`);
      await setTimeout(300);
    }
    const written: number[][] = [];
    for (const prompt of prompts) {
      const body = {
        prompt: [...prompt],
        n_predict: TOKENS,
        temperature: 0,
        ignore_eos: true,
        return_tokens: true,
      };
      const answer = await fetch(`http://127.0.0.1:${PORT}/completion`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', connection: 'close' },
        body: JSON.stringify({ ...body, cache_prompt: false }),
      });
      written.push(((await answer.json()) as { tokens: number[] }).tokens);
    }
    return written;
  } finally {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  }
}

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
