import { join } from 'node:path';
import type { Encoder, EncoderParts } from '../encode/encoder.js';
import { type LoadEncoderOptions, loadEncoder } from '../encode/loadEncoder.js';
import type { VectorCacheOptions } from '../encode/vectorCache.js';
import { InputError } from '../errors.js';
import { realPath } from '../files.js';
import { configOf } from './manifest.js';
import type { RunFolder } from './runFolder.js';

/** Where a run keeps vectors that cost something; outside the stages' folders, so that starting anew pays for nothing again. */
export const keptVectors = (folder: string): VectorCacheOptions => ({ folder: join(folder, 'embeddings') });

export interface RunEncoderOptions extends Pick<LoadEncoderOptions, 'own' | 'runtime' | 'signal'> {
  /** Whether vectors that cost something are kept in the run (true); else those that are there are only read. */
  readonly keep?: boolean;
}

/**
 * The encoder a run was compiled with: of its config, or the user's own.
 *
 * @throws InputError if it cannot be loaded, or is another one
 */
export async function loadRunEncoder(
  run: RunFolder,
  { own, runtime, signal, keep = true }: RunEncoderOptions = {},
): Promise<Encoder | EncoderParts> {
  const { folder, manifest } = run;
  const { encoder: setting } = configOf(manifest, run.path('run.json'));
  const wanted = manifest.encoder;
  const isOwn = `was compiled with the encoder "${wanted}", which is your own`;
  const remedy = 'load it in a program with the option "encoder"';
  if (setting === 'precomputed' && !own) throw new InputError(`${isOwn}; ${remedy}`, { file: folder });
  const cache = { ...keptVectors(folder), write: keep };
  const paths = { folder: await realPath(folder), cache };
  const encoder = await loadEncoder(setting, { own, runtime, signal, ...paths });
  if (encoder.id === wanted) return encoder;
  if (own) {
    const problem = `was compiled with the encoder "${wanted}", not with "${own.id}"; ${remedy}`;
    throw new InputError(problem, { file: folder });
  }
  if (typeof setting === 'string') throw new InputError(`${isOwn}; ${remedy}`, { file: folder });
  throw new InputError(
    `was compiled with the encoder "${wanted}", but its setting leads to "${encoder.id}" now; ` +
      'put the old model back, or compile again with --force',
    { file: folder },
  );
}
