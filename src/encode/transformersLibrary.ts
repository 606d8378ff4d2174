/** What encoders and judges through `@huggingface/transformers` share: the package itself, where a model lies, how it is run. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import type { RuntimeOptions } from '../engine/index.js';
import { withoutTelemetry } from '../engine/telemetry.js';
import { InputError } from '../errors.js';
import { isPath } from '../moduleSetting.js';
import { fingerprintFile } from '../run/fingerprint.js';

export const PACKAGE = '@huggingface/transformers';
export type Library = typeof import('@huggingface/transformers');

/**
 * @param field - the setting that needs it
 * @throws InputError where the package is not installed, which is an optional one
 */
export async function transformersLibrary(field = 'encoder'): Promise<Library> {
  // It loads onnxruntime-node by itself.
  withoutTelemetry();
  try {
    return await import('@huggingface/transformers');
  } catch (cause) {
    throw new InputError(`needs the package ${PACKAGE}; npm install ${PACKAGE}`, { field }, { cause });
  }
}

export interface ModelChoice {
  /** A folder (by its form: absolute, or beginning with a dot), else a model of the Hugging Face hub. */
  readonly model: string;
  readonly quantized: boolean;
  /** Names of the ONNX files in the folder `onnx`, without quantisation and extension. */
  readonly files: readonly string[];
}

/**
 * Names a model for the ids of encoders: a local one by its folder's name and a hash of its files, so that it may be moved but not
 * exchanged; one of the hub by its name.
 *
 * @throws InputError for a folder that lacks a file
 */
export async function modelName(choice: ModelChoice): Promise<string> {
  const { model, quantized } = choice;
  const suffix = quantized ? '/quantized' : '';
  if (!isPath(model)) return model + suffix;
  return `${basename(model)}@${(await hashOfModel(choice)).slice(0, 12)}${suffix}`;
}

/**
 * Of the files of a local model, in hexadecimal.
 *
 * @throws InputError for a folder that lacks one
 */
export async function hashOfModel({ model, quantized, files }: ModelChoice): Promise<string> {
  const wanted = files.map((name) => join('onnx', `${name}${quantized ? '_quantized' : ''}.onnx`));
  for (const name of ['config.json', 'tokenizer.json', 'tokenizer_config.json', ...wanted]) {
    if (await isFile(join(model, name))) continue;
    const form = `expected a folder with config.json, tokenizer.json, tokenizer_config.json and ${wanted.join(', ')}`;
    throw new InputError(`the model lacks ${name}; ${form}`, { file: model });
  }
  // Large weights lie in files of their own beside the graph, such as model.onnx_data.
  const graphs = await readdir(join(model, 'onnx'));
  const hash = createHash('sha256');
  for (const name of ['tokenizer.json', ...wanted]) {
    const parts = graphs.map((part) => join('onnx', part)).filter((part) => part.startsWith(`${name}_data`));
    for (const file of [name, ...parts.sort()])
      hash.update((await fingerprintFile(join(model, file))).sha256);
  }
  return hash.digest('hex');
}

const isFile = (file: string): Promise<boolean> =>
  stat(file).then(
    (info) => info.isFile(),
    () => false,
  );

/** What every `from_pretrained` is told. */
export function loadingOptions({ model, quantized }: ModelChoice, runtime: RuntimeOptions) {
  const { device = 'cpu', threads = availableParallelism(), spinning = false } = runtime;
  return {
    local_files_only: isPath(model),
    dtype: quantized ? 'q8' : 'fp32',
    device,
    session_options: {
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
    },
  } as const;
}

/** Loads parts of a model; what goes wrong is told as one line, which names the setting `field`. */
export async function loadParts<T>(model: string, load: () => Promise<T>, field = 'encoder'): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    if (cause instanceof InputError) throw cause;
    const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0];
    const advice = isPath(model)
      ? 'export it again, in the layout of transformers.js'
      : 'check its name and the network, or give a folder (./...)';
    throw new InputError(
      `the model "${model}" cannot be loaded (${reason}); ${advice}`,
      { field },
      { cause },
    );
  }
}
