/** Weights of a GGUF file in the names and layout of Hugging Face. */
import { open } from 'node:fs/promises';
import { checkInputFile } from '../../../../inputFile.js';
import type { WeightFile } from '../../settings.js';
import { readTensor } from '../numberTypes.js';
import { checkTensors, expectedTensors } from '../tensors.js';
import { type Metadata, readGgufHeader } from './format.js';
import { fromGguf, ggufName } from './layout.js';
import { settingsOfMetadata } from './settings.js';

const ROPE_FACTORS = 'rope_freqs.weight';

/**
 * Opens a GGUF file; numbers are read when asked for. Close it when done.
 *
 * @throws InputError if it is damaged, cut short or holds a model that is not read
 */
export async function openGguf(file: string): Promise<{ weights: WeightFile; metadata: Metadata }> {
  const size = await checkInputFile(file);
  const handle = await open(file);
  try {
    const { metadata, tensors } = await readGgufHeader(handle, size, file);
    const factors = tensors.get(ROPE_FACTORS);
    const facts = {
      vocabularySize: tensors.get('token_embd.weight')?.shape[0] ?? 0,
      hasOutput: tensors.has('output.weight'),
      ...(factors && { ropeFactors: await readTensor(handle, factors, file) }),
    };
    const settings = settingsOfMetadata(metadata, facts, file);
    const place = (name: string) => tensors.get(ggufName(name, settings));
    checkTensors(
      settings,
      (name) => place(name)?.shape,
      file,
      (name) => ggufName(name, settings),
    );
    const expected = expectedTensors(settings);
    const known = (name: string) => {
      const found = expected.has(name) && place(name);
      if (!found) throw new RangeError(`${file} has no tensor "${name}"`);
      return found;
    };
    const weights: WeightFile = {
      settings,
      names: [...expected.keys()],
      shape: (name) => known(name).shape,
      read: async (name) => fromGguf(name, await readTensor(handle, known(name), file), settings),
      close: () => handle.close(),
    };
    return { weights, metadata };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
