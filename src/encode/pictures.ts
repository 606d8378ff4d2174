/** Pictures of items, from files, the web, or their own address. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

export interface PictureOptions {
  /** Folders that file names may be relative to, in this order; none: only `http:`, `https:` and `data:` are read. */
  readonly folders: readonly string[];
  readonly signal?: AbortSignal;
}

/** Milliseconds that a picture of the web may take. */
const TIMEOUT = 30_000;

/**
 * The bytes of a picture: an address (`https:`, `http:`, `data:`) or a file. Rejects with a plain Error whose message says what is wrong.
 */
export async function readPicture(image: string, { folders, signal }: PictureOptions): Promise<Uint8Array> {
  if (/^(https?|data):/i.test(image)) {
    const timeout = AbortSignal.timeout(TIMEOUT);
    const response = await fetch(image, { signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
    if (!response.ok) throw new Error(`answered ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }
  for (const folder of folders) {
    try {
      return await readFile(resolve(folder, image));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  throw new Error('does not exist');
}
