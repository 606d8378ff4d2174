import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { readJson } from '../../../files.js';
import { isPath } from '../../../moduleSetting.js';
import type { ModelTokenizer, WeightFile } from '../settings.js';
import { tokenizerOfMetadata } from './gguf/tokenizer.js';
import { openGguf } from './gguf/weights.js';
import { download, type HubOptions } from './hub.js';
import { settingsOfConfig } from './huggingFace/config.js';
import { readTokenizerFiles } from './huggingFace/tokenizer.js';
import { openSafetensors } from './huggingFace/weights.js';
import { createTokenizer } from './tokenizer/modelTokenizer.js';
import type { TokenizerFiles } from './tokenizer/tokenizerFiles.js';

/** An open model; close its weights when done. */
export interface LanguageModelFiles {
  readonly weights: WeightFile;
  readonly tokenizer: ModelTokenizer;
  /** What the tokenizer was made of, for exports. */
  readonly tokenizerFiles: TokenizerFiles;
}

/**
 * Opens a pretrained language model: Llama (SmolLM2, TinyLlama), Qwen2, Qwen2.5, Qwen3 or Gemma3. Sizes and tensors' shapes are checked
 * here; weights are read one at a time when asked for.
 *
 * @param model - a GGUF file (F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K or Q6_K); a folder with config.json,
 *   tokenizer.json, tokenizer_config.json or chat_template.jinja, and model.safetensors or its shards (F32, F16 or BF16); or a model
 *   of the Hugging Face hub ("owner/name", or "owner/name/file.gguf"), downloaded once by the optional package `@huggingface/hub`
 * @throws InputError for a file that is missing, damaged, cut short or of a kind that is not read
 *
 * @example
 * const { weights, tokenizer } = await openLanguageModel('./SmolLM2-135M-Instruct.Q4_1.gguf');
 * const table = await weights.read('model.embed_tokens.weight'); // float32, row-major [vocabularySize, width]
 */
export async function openLanguageModel(
  model: string,
  options: HubOptions = {},
): Promise<LanguageModelFiles> {
  const path = (await isLocal(model)) ? model : await download(model, options);
  return path.endsWith('.gguf') ? openGgufModel(path) : openFolder(path);
}

/** What is there, or looks like a path, is one; else it can be a name of the hub. */
async function isLocal(model: string): Promise<boolean> {
  if (isPath(model) || !/^[\w.-]+(\/[\w.-]+)+$/.test(model)) return true;
  return stat(model).then(
    () => true,
    () => false,
  );
}

async function openGgufModel(file: string): Promise<LanguageModelFiles> {
  const { weights, metadata } = await openGguf(file);
  const ends = ['eot', 'eom'].map((name) => metadata.get(`tokenizer.ggml.${name}_token_id`));
  const endIds = ends.filter((id) => typeof id === 'number');
  return withTokenizer(weights, () => tokenizerOfMetadata(metadata, file), file, endIds);
}

async function openFolder(given: string): Promise<LanguageModelFiles> {
  // The path of config.json is as good as its folder's.
  const folder = basename(given) === 'config.json' ? dirname(given) : given;
  const file = join(folder, 'config.json');
  const { settings, endIds } = settingsOfConfig(await readJson(file), file);
  const tokenizerFiles = await readTokenizerFiles(folder);
  const weights = await openSafetensors(folder, settings);
  return withTokenizer(weights, () => tokenizerFiles, join(folder, 'tokenizer.json'), endIds);
}

async function withTokenizer(
  weights: WeightFile,
  read: () => TokenizerFiles,
  file: string,
  endIds: readonly number[],
): Promise<LanguageModelFiles> {
  try {
    const tokenizerFiles = read();
    return { weights, tokenizer: createTokenizer(tokenizerFiles, file, endIds), tokenizerFiles };
  } catch (error) {
    await weights.close();
    throw error;
  }
}
