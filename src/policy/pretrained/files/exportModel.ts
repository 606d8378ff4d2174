/** Whole models written a tensor at a time: a folder of Hugging Face, or one GGUF file. */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { encodeSafetensorsHeader } from '../../../engine/index.js';
import { writeError, writeFileAtomic, writeJson } from '../../../files.js';
import type { RunControl } from '../../../progress.js';
import type { WeightFile } from '../settings.js';
import { align } from './gguf/format.js';
import { ggufName, toGguf } from './gguf/layout.js';
import { Q8_0 } from './gguf/quantised.js';
import { llama3Factors, metadataOfSettings } from './gguf/settings.js';
import { metadataOfTokenizer } from './gguf/tokenizer.js';
import { ALIGNMENT, encodeGgufHeader, type Field, type TensorEntry } from './gguf/writeHeader.js';
import { configOfSettings } from './huggingFace/config.js';
import { BF16, byteLength, encodeInParts, F16, F32, volume, type WritableType } from './numberTypes.js';
import type { LanguageModelFiles } from './open.js';

/** What is written: an open model, perhaps with an adapter (see `withAdapter`). */
export type ExportedModel = Pick<LanguageModelFiles, 'tokenizer' | 'tokenizerFiles'> & {
  readonly weights: Omit<WeightFile, 'close'>;
};

/**
 * Writes a folder that `transformers` and `openLanguageModel` read: config.json, tokenizer.json, tokenizer_config.json and
 * model.safetensors. Each file is written whole or not at all, the weights last.
 *
 * @throws R4tError if the disk is full or the place may not be written
 */
export async function writeSafetensorsModel(
  folder: string,
  model: ExportedModel,
  options: RunControl & { readonly type?: 'F32' | 'F16' | 'BF16' } = {},
): Promise<void> {
  const { weights, tokenizer, tokenizerFiles } = model;
  const name = options.type ?? 'F32';
  const type = { F32, F16, BF16 }[name];
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeError(error, folder);
  });
  await writeJson(join(folder, 'config.json'), configOfSettings(weights.settings, tokenizer.endIds, name));
  // One line: indented, the merges of a large vocabulary would take millions.
  await writeFileAtomic(join(folder, 'tokenizer.json'), JSON.stringify(tokenizerFiles.json));
  await writeJson(join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'PreTrainedTokenizerFast',
    ...tokenizerFiles.config,
  });
  const header = encodeSafetensorsHeader(
    Object.fromEntries(
      weights.names.map((tensor) => [tensor, { dtype: name, shape: weights.shape(tensor) }]),
    ),
    { format: 'pt' },
  );
  async function* parts() {
    yield header;
    for await (const { values } of tensorsOf(weights, options)) yield* encodeInParts(type, values);
  }
  await writeFileAtomic(join(folder, 'model.safetensors'), parts());
}

/** GGUF's number of a type, and of a file mostly of that type. */
const GGUF_NUMBERS = { F32: [0, 0], F16: [1, 1], Q8_0: [8, 7] } as const;

/**
 * Writes one GGUF file that llama.cpp, node-llama-cpp and `openLanguageModel` read: matrices in the type, all else in F32. The file is
 * written whole or not at all.
 *
 * @throws InputError if the tokenizer cannot be told in GGUF
 * @throws R4tError if the disk is full or the place may not be written
 */
export async function writeGguf(
  file: string,
  model: ExportedModel,
  options: RunControl & { readonly type?: keyof typeof GGUF_NUMBERS } = {},
): Promise<void> {
  const { weights, tokenizerFiles } = model;
  const { settings } = weights;
  const type = { F32, F16, Q8_0 }[options.type ?? 'F16'];
  const { scaling, theta } = settings.rope;
  const factors = scaling?.kind === 'llama3' ? llama3Factors(scaling, theta, settings.headWidth) : undefined;

  const fields: [string, Field][] = [
    ...metadataOfSettings(settings),
    ['general.name', { type: 'string', value: basename(file, '.gguf') }],
    ['general.file_type', { type: 'u32', value: numbersOf(type)[1] }],
    ['general.quantization_version', { type: 'u32', value: 2 }],
    ...metadataOfTokenizer(tokenizerFiles, settings.vocabularySize, file),
  ];
  const entries: TensorEntry[] = weights.names.map((name) =>
    entry(ggufName(name, settings), weights.shape(name), typeFor(weights.shape(name), type)),
  );
  if (factors) entries.unshift(entry('rope_freqs.weight', [factors.length], F32));

  async function* parts() {
    yield encodeGgufHeader(fields, entries);
    if (factors) yield* padded(F32, factors);
    for await (const { name, values } of tensorsOf(weights, options))
      yield* padded(typeFor(weights.shape(name), type), toGguf(name, values, settings));
  }
  await writeFileAtomic(file, parts());
}

/** Vectors stay exact, and so does what has no whole blocks, nearly. */
function typeFor(shape: readonly number[], type: WritableType): WritableType {
  if (shape.length < 2) return F32;
  return (shape.at(-1) as number) % type.blockSize === 0 ? type : F16;
}

const numbersOf = (type: WritableType) => GGUF_NUMBERS[type.name as keyof typeof GGUF_NUMBERS];

const entry = (name: string, shape: readonly number[], type: WritableType): TensorEntry => ({
  name,
  shape,
  type: numbersOf(type)[0],
  byteLength: byteLength(type, volume(shape)),
});

function* padded(type: WritableType, values: Float32Array): Generator<Uint8Array> {
  yield* encodeInParts(type, values);
  const length = byteLength(type, values.length);
  yield new Uint8Array(align(length, ALIGNMENT) - length);
}

/** The weights one after another, with their progress. */
async function* tensorsOf(weights: ExportedModel['weights'], { signal, onProgress }: RunControl) {
  const total = weights.names.reduce((sum, name) => sum + volume(weights.shape(name)), 0);
  let done = 0;
  for (const name of weights.names) {
    signal?.throwIfAborted();
    const values = await weights.read(name);
    yield { name, values };
    done += values.length;
    onProgress?.({ stage: 'export', done, total });
  }
}
