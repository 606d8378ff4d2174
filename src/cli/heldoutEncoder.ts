import { resolve } from 'node:path';
import type { Encoder } from '../encode/encoder.js';
import { placeModel } from '../encode/encoderSetting.js';
import { TransformersEncoder } from '../encode/transformersEncoder.js';
import type { CliIo } from './io.js';

/**
 * The encoder which no reward saw, as evaluations want it: the model of `--heldout`, a folder or the name of one on the hub, else that
 * in the folder R4T_MINILM; undefined where neither is given. It is loaded at once: what is wrong with it must not come out at the end
 * of an experiment of hours.
 *
 * @throws InputError if the model cannot be loaded
 */
export async function heldoutEncoder(
  model: string | undefined,
  { env, signal }: CliIo,
): Promise<(() => Promise<Encoder>) | undefined> {
  const name = model === undefined ? undefined : placeModel(model, process.cwd());
  const chosen = name ?? (env?.R4T_MINILM ? resolve(env.R4T_MINILM) : undefined);
  if (chosen === undefined) return undefined;
  const encoder = await TransformersEncoder.load({ model: chosen, signal });
  return async () => encoder;
}
