import { type FileHandle, readFile } from 'node:fs/promises';
import { InputError } from '../errors.js';
import { writeFileAtomic } from '../files.js';
import { checkInputFile } from '../inputFile.js';
import {
  dataLength,
  decodeSafetensors,
  encodeSafetensors,
  MAX_HEADER_BYTES,
  parseSafetensorsHeader,
  type Safetensors,
  type SafetensorsHeader,
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

/**
 * Reads the header of a large file alone, so that its tensors can be read one at a time.
 *
 * @param size - of the file in bytes
 * @param file - named in errors
 * @returns the header, and the place in the file that its offsets count from
 * @throws InputError if it is no safetensors file, is damaged or cut short
 */
export async function readSafetensorsHeader(
  handle: FileHandle,
  size: number,
  file: string,
): Promise<SafetensorsHeader & { readonly start: number }> {
  const damaged = (what: string, cause?: unknown) =>
    new InputError(`is no valid safetensors file: ${what}; download it again`, { file }, { cause });
  const count = Buffer.alloc(8);
  await handle.read(count, 0, 8, 0);
  const length = Number(count.readBigUInt64LE());
  if (size < 8 || length > Math.min(size - 8, MAX_HEADER_BYTES)) throw damaged('its header length is wrong');
  const json = Buffer.alloc(length);
  await handle.read(json, 0, length, 8);
  const header = parseSafetensorsHeader(json, damaged);
  const start = 8 + length;
  const expected = start + dataLength(header.entries);
  if (size !== expected) throw damaged(`it has ${size} bytes where its header asks for ${expected}`);
  return { ...header, start };
}
