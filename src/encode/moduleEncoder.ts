import * as z from 'zod';
import type { RuntimeOptions } from '../engine/index.js';
import { anyFunction, type Expected, loadUserModule } from '../userModule.js';
import type { Encoder } from './encoder.js';

/** What the function of an encoder module is given. */
export interface EncoderModuleOptions extends RuntimeOptions {
  readonly signal?: AbortSignal;
}

const ENCODER: Expected = {
  what: 'an encoder',
  advice: 'export default { id, dim, encode }',
  shape: z.object({
    id: z.string().min(1),
    dim: z.int().positive(),
    encode: anyFunction,
    encodeItems: anyFunction.optional(),
  }),
};

/**
 * The encoder of a module of the user's: its default export, an `Encoder` or an async function which returns one.
 *
 * @throws InputError if the module is missing, does not run, or exports something else
 */
export const loadModuleEncoder = (file: string, options: EncoderModuleOptions = {}): Promise<Encoder> =>
  loadUserModule(file, ENCODER, [options]);
