import { readdir, truncate } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../../catalog/testing/tempFolder.js';
import { ARCHITECTURES, type LanguageModelSettings, type WeightFile } from '../settings.js';
import { writeGguf, writeSafetensorsModel } from './exportModel.js';
import { openLanguageModel } from './open.js';
import { byteTokenizer, tinyModel, tinySettings, tinyWeights } from './testing/tinyModel.js';

const temp = tempFolder();
let made = 0;
const place = (suffix = '') => temp.path(`model${made++}${suffix}`);

/** The largest difference of each kind of number to the largest weight. */
async function difference(a: Pick<WeightFile, 'names' | 'read'>, b: WeightFile): Promise<number> {
  let largest = 0;
  for (const name of a.names) {
    const [x, y] = [await a.read(name), await b.read(name)];
    expect(y.length).toBe(x.length);
    x.forEach((value, i) => {
      largest = Math.max(largest, Math.abs(value - (y[i] as number)));
    });
  }
  return largest;
}

const TEXT = 'the theatre, tea\n';
const MESSAGES = [{ role: 'user', content: 'the tea' }] as const;

describe.each(ARCHITECTURES)('%s', (architecture) => {
  const model = tinyModel(architecture);

  it.each([
    ['F32', 0],
    ['F16', 2 ** -10],
    ['BF16', 2 ** -8],
  ] as const)('is read from safetensors of %s as written', async (type, tolerance) => {
    const folder = place();
    const steps: number[] = [];
    await writeSafetensorsModel(folder, model, { type, onProgress: ({ done }) => steps.push(done) });
    const { weights, tokenizer } = await openLanguageModel(folder);
    expect(weights.settings).toEqual(model.weights.settings);
    expect(weights.names).toEqual(model.weights.names);
    expect(await difference(model.weights, weights)).toBeLessThanOrEqual(tolerance);
    expect(steps).toHaveLength(weights.names.length);
    expect(tokenizer.encode(TEXT)).toEqual(model.tokenizer.encode(TEXT));
    expect(tokenizer.chat(MESSAGES)).toEqual(model.tokenizer.chat(MESSAGES));
    expect(tokenizer.endIds.toSorted()).toEqual(model.tokenizer.endIds.toSorted());
    await weights.close();
  });

  it.each([
    // Gemma's norms are kept with 1 added, so not to the last bit.
    ['F32', architecture === 'gemma3' ? 2 ** -23 : 0],
    ['F16', 2 ** -10],
    ['Q8_0', 2 ** -7],
  ] as const)('is read from GGUF of %s as written', async (type, tolerance) => {
    const file = place('.gguf');
    await writeGguf(file, model, { type });
    const { weights, tokenizer } = await openLanguageModel(file);
    expect(weights.settings).toEqual(model.weights.settings);
    expect(await difference(model.weights, weights)).toBeLessThanOrEqual(tolerance);
    expect(tokenizer.encode(TEXT)).toEqual(model.tokenizer.encode(TEXT));
    expect(tokenizer.chat(MESSAGES)).toEqual(model.tokenizer.chat(MESSAGES));
    expect(tokenizer.endIds.toSorted()).toEqual(model.tokenizer.endIds.toSorted());
    await weights.close();
  });
});

it.each([
  ['linear', { kind: 'linear', factor: 8 }],
  [
    'llama3',
    { kind: 'llama3', factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalPositions: 8192 },
  ],
] as const)('keeps rotary scaling: %s', async (_, scaling) => {
  const settings: LanguageModelSettings = { ...tinySettings('llama'), rope: { theta: 500_000, scaling } };
  const model = { ...tinyModel('llama'), weights: tinyWeights(settings) };
  const [folder, file] = [place(), place('.gguf')];
  await writeSafetensorsModel(folder, model);
  await writeGguf(file, model);
  for (const path of [folder, file]) {
    const { weights } = await openLanguageModel(path);
    expect(weights.settings).toEqual(settings);
    await weights.close();
  }
});

it('keeps a query scale of its own in config.json', async () => {
  const settings = { ...tinySettings('gemma3'), queryScale: 32 ** -0.5 };
  const folder = place();
  await writeSafetensorsModel(folder, { ...tinyModel('gemma3'), weights: tinyWeights(settings) });
  const { weights } = await openLanguageModel(folder);
  expect(weights.settings.queryScale).toBeCloseTo(settings.queryScale, 12);
  await weights.close();
});

it('writes nothing when stopped, or when the tokenizer cannot be told', async () => {
  const [stopped, strange] = [place(), place()];
  const stop = new AbortController();
  const model = tinyModel('llama');
  const options = { signal: stop.signal, onProgress: () => stop.abort(new Error('enough')) };
  await expect(writeGguf(`${stopped}/m.gguf`, model, options)).rejects.toThrow('enough');
  expect(await readdir(stopped)).toEqual([]);

  const files = byteTokenizer();
  const words = { ...files, json: { ...files.json, pre_tokenizer: { type: 'Whitespace' } } };
  await expect(writeGguf(`${strange}.gguf`, { ...model, tokenizerFiles: words })).rejects.toThrow(
    `${strange}.gguf: cuts texts otherwise than gpt-2, smollm, qwen2, llama-bpe; GGUF is written for these`,
  );
  await expect(openLanguageModel(`${strange}.gguf`)).rejects.toThrow('does not exist');
});

it('says so wherever a file is cut short', async () => {
  const file = place('.gguf');
  const folder = place();
  const model = tinyModel('qwen3');
  await writeGguf(file, model);
  for (const size of [40_000, 4000, 10, 0]) {
    await truncate(file, size);
    await expect(openLanguageModel(file)).rejects.toThrow(
      new RegExp(`${file}: is cut short: it has ${size} bytes of at least \\d+; download it again`),
    );
  }
  await writeSafetensorsModel(folder, model);
  await truncate(`${folder}/model.safetensors`, 40_000);
  await expect(openLanguageModel(folder)).rejects.toThrow(
    /model\.safetensors: is no valid safetensors file: it has 40000 bytes where its header asks for \d+; download it again/,
  );
});
