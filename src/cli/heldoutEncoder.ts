import type { Encoder } from '../encode/encoder.js';
import type { CliIo } from './io.js';

/**
 * An encoder which no reward saw, for the evaluation's held-out columns; undefined where there is none, which is then said. The word
 * vectors it once was are part of the default encoder now.
 */
export async function heldoutEncoder(
  _catalog: readonly string[],
  { stderr }: CliIo,
): Promise<Encoder | undefined> {
  stderr.write('r4t: no held-out columns: no second encoder is set\n');
  return undefined;
}
