import type { Encoder } from '../encode/encoder.js';
import { WordVectorEncoder } from '../encode/wordVectors.js';
import { InputError } from '../errors.js';
import type { CliIo } from './io.js';

/** The encoder which no reward saw, or undefined where its package is not installed, which is then said. */
export async function heldoutEncoder(
  catalog: readonly string[],
  { stderr, signal }: CliIo,
): Promise<Encoder | undefined> {
  try {
    return await WordVectorEncoder.load({ catalog, signal });
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    stderr.write(`r4t: no held-out columns: ${error.message}\n`);
    return undefined;
  }
}
