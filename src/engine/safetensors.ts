import { readFile } from 'node:fs/promises';
import { writeFileAtomic } from '../files.js';
import { checkInputFile } from '../inputFile.js';
import {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
  type StoredTensor,
} from './safetensorsFormat.js';

export * from './safetensorsFormat.js';

/** Writes a safetensors file atomically; see `encodeSafetensors`. */
export function writeSafetensors(
  file: string,
  tensors: Readonly<Record<string, StoredTensor>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  return writeFileAtomic(file, encodeSafetensors(tensors, metadata));
}

/** Reads a safetensors file; see `decodeSafetensors`. */
export async function readSafetensors(file: string): Promise<Safetensors> {
  await checkInputFile(file);
  return decodeSafetensors(await readFile(file), file);
}
