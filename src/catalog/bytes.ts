import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { createGunzip } from 'node:zlib';
import { InputError } from '../errors.js';
import { checkInputFile, readError } from '../inputFile.js';
import type { ReadOptions } from './readOptions.js';

const CHUNK = 1 << 18;

/** The first bytes of a file, as they lie on disk. */
export async function firstBytes(file: string, length: number): Promise<Buffer> {
  await checkInputFile(file);
  try {
    await using handle = await open(file);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, 0);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    throw readError(error, file);
  }
}

/**
 * The bytes of a file, streamed; what was packed by gzip is unpacked, whatever its name.
 *
 * @throws InputError if it cannot be read, is damaged or packed otherwise
 */
export async function* readBytes(file: string, { signal, onRead }: ReadOptions): AsyncGenerator<Buffer> {
  const size = await checkInputFile(file);
  const head = await firstBytes(file, 6);
  const packed = PACKED.find(({ magic }) => head.subarray(0, magic.length).equals(magic));
  if (packed) throw new InputError(packed.problem, { file });
  const raw = createReadStream(file, { highWaterMark: CHUNK });
  let seen = 0;
  raw.on('data', (chunk) => {
    seen += chunk.length;
  });
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  const bytes = isGzip ? raw.pipe(createGunzip({ chunkSize: CHUNK })) : raw;
  raw.on('error', (error) => bytes.destroy(error));
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      signal?.throwIfAborted();
      yield chunk;
      onRead?.(Math.min(1, seen / size));
    }
  } catch (error) {
    if (/^Z_/.test(String((error as NodeJS.ErrnoException)?.code))) {
      throw new InputError('is damaged gzip, or is cut off; pack it again', { file }, { cause: error });
    }
    throw readError(error, file);
  } finally {
    raw.destroy();
  }
  signal?.throwIfAborted();
}

/** What people name `.csv` and is something else. */
const PACKED: readonly { readonly magic: Buffer; readonly problem: string }[] = [
  {
    magic: Buffer.from('PK\x03\x04', 'latin1'),
    problem: 'is a zip archive or an Excel file; unpack it, or save the sheet as CSV UTF-8',
  },
  { magic: Buffer.from('d0cf11e0a1b1', 'hex'), problem: 'is an old Excel file; save the sheet as CSV UTF-8' },
  { magic: Buffer.from('28b52ffd', 'hex'), problem: 'is packed by zstd; unpack it, or pack it by gzip' },
  { magic: Buffer.from('fd377a585a', 'hex'), problem: 'is packed by xz; unpack it, or pack it by gzip' },
  {
    magic: Buffer.from('425a68', 'hex'),
    problem: 'is packed by bzip2; unpack it, or pack it by gzip',
  },
];
