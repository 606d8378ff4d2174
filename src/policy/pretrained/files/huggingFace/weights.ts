/** Weights of a folder of Hugging Face: `config.json` and safetensors, in one file or in shards. */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { readSafetensorsHeader } from '../../../../engine/safetensors.js';
import { InputError } from '../../../../errors.js';
import { readJson } from '../../../../files.js';
import { checkInputFile, readError } from '../../../../inputFile.js';
import type { LanguageModelSettings, WeightFile } from '../../settings.js';
import { BF16, F16, F32, type NumberType, readTensor, type TensorPlace } from '../numberTypes.js';
import { checkTensors, expectedTensors } from '../tensors.js';

const TYPES: Readonly<Record<string, NumberType>> = { F32, F16, BF16 };
const INDEX = 'model.safetensors.index.json';

/** Prefixes under which models that see images too keep the language model. */
const PREFIXES = ['', 'language_model.', 'model.language_model.'];

interface Part extends TensorPlace {
  readonly handle: FileHandle;
  readonly file: string;
}

/**
 * Opens the weights of a folder; numbers are read when asked for. Close them when done.
 *
 * @throws InputError for a missing shard, tensor or file, a wrong shape, or numbers of a type that is not read
 */
export async function openSafetensors(folder: string, settings: LanguageModelSettings): Promise<WeightFile> {
  const handles: FileHandle[] = [];
  const close = async () => {
    await Promise.all(handles.map((handle) => handle.close()));
  };
  try {
    const parts = new Map<string, Part>();
    for (const name of await shards(folder)) {
      const { handle, tensors } = await openTensors(join(folder, name));
      handles.push(handle);
      for (const [tensor, part] of tensors) parts.set(tensor, part);
    }
    const nameOf = naming(parts);
    checkTensors(settings, (name) => parts.get(nameOf(name))?.shape, folder, nameOf);
    const expected = expectedTensors(settings);
    const known = (name: string): Part => {
      const part = expected.has(name) && parts.get(nameOf(name));
      if (!part) throw new RangeError(`${folder} has no tensor "${name}"`);
      return part;
    };
    return {
      settings,
      names: [...expected.keys()],
      shape: (name) => known(name).shape,
      read: async (name) => {
        const part = known(name);
        return readTensor(part.handle, part, part.file);
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Opens one safetensors file: its tensors of types that are read.
 *
 * @throws InputError if it is missing or damaged, or a weight is of another type
 */
export async function openTensors(
  file: string,
): Promise<{ handle: FileHandle; tensors: ReadonlyMap<string, Part> }> {
  const size = await checkInputFile(file);
  const handle = await open(file);
  try {
    const { entries, start } = await readSafetensorsHeader(handle, size, file);
    const tensors = new Map<string, Part>();
    for (const [name, { dtype, shape, data_offsets: offsets }] of entries) {
      const type = TYPES[dtype];
      if (type) tensors.set(name, { type, shape, offset: start + offsets[0], handle, file });
      // Buffers of other types (masks, counters) are no weights.
      else if (name.endsWith('.weight'))
        throw new InputError(
          `tensor "${name}" is of type ${dtype}; types that are read: ${Object.keys(TYPES).join(', ')}`,
          { file },
        );
    }
    return { handle, tensors };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** How the file calls a tensor: plain, or under a prefix in place of `model.`. */
function naming(parts: ReadonlyMap<string, Part>): (name: string) => string {
  for (const prefix of PREFIXES) {
    const nameOf = (name: string) =>
      prefix === 'model.language_model.' && name.startsWith('model.')
        ? prefix + name.slice('model.'.length)
        : prefix === 'model.language_model.'
          ? name
          : prefix + name;
    if (parts.has(nameOf('model.embed_tokens.weight'))) return nameOf;
  }
  return (name) => name;
}

/** Names of the files that hold the weights. */
async function shards(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    throw readError(error, folder);
  });
  if (!names.includes(INDEX)) {
    if (names.includes('model.safetensors')) return ['model.safetensors'];
    throw new InputError(
      `has neither model.safetensors nor ${INDEX}; expected a folder with config.json, tokenizer.json and weights as safetensors`,
      { file: folder },
    );
  }
  const file = join(folder, INDEX);
  const index = z
    .looseObject({ weight_map: z.record(z.string(), z.string()) })
    .safeParse(await readJson(file));
  if (!index.success) throw new InputError('has no map of tensors to files; expected "weight_map"', { file });
  const files = [...new Set(Object.values(index.data.weight_map))].sort();
  const missing = files.filter((name) => !names.includes(name));
  if (missing.length > 0)
    throw new InputError(
      `lacks ${missing.length} of ${files.length} shards: ${missing.join(', ')}; download them too`,
      { file: folder },
    );
  return files;
}
