import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { checkInputFile } from '../inputFile.js';

/** Tells two versions of an input file apart. */
export interface FileFingerprint {
  /** Path, as the user gave it. */
  readonly file: string;
  /** Of the file's bytes, in hexadecimal. */
  readonly sha256: string;
}

/** @throws InputError if the file cannot be read */
export async function fingerprintFile(file: string, signal?: AbortSignal): Promise<FileFingerprint> {
  await checkInputFile(file);
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file) as AsyncIterable<Buffer>) {
    signal?.throwIfAborted();
    hash.update(chunk);
  }
  return { file, sha256: hash.digest('hex') };
}
