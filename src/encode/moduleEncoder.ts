import * as z from 'zod';
import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { importDefault } from '../importDefault.js';
import { checkInputFile } from '../inputFile.js';
import type { Encoder } from './encoder.js';

/** What the function of an encoder module is given. */
export interface EncoderModuleOptions extends RuntimeOptions {
  readonly signal?: AbortSignal;
}

const ADVICE = 'export default { id, dim, encode }';

const method = z.custom<(...args: never[]) => unknown>(
  (value) => typeof value === 'function',
  'expected a function',
);
const encoderShape = z.object({
  id: z.string().min(1),
  dim: z.int().positive(),
  encode: method,
  encodeItems: method.optional(),
});

/**
 * The encoder of a module of the user's: its default export, an `Encoder` or an async function which returns one.
 *
 * @throws InputError if the module is missing, does not run, or exports something else
 */
export async function loadModuleEncoder(file: string, options: EncoderModuleOptions = {}): Promise<Encoder> {
  await checkInputFile(file);
  // Not imported at the top: the package's entry leads here.
  const library = await import('../index.js');
  const exported = await importDefault(file, library, ADVICE);
  const encoder: unknown = typeof exported === 'function' ? await exported(options) : exported;
  const result = encoderShape.safeParse(encoder);
  // The object itself, not the parsed copy, which would have lost its class.
  if (result.success) return encoder as Encoder;
  const { path, message } = result.error.issues[0];
  const problem = path.length === 0 ? message : `${path.join('.')}: ${message}`;
  throw new InputError(
    `the default export is no encoder (${problem.replace(/^Invalid input: |(?<=: )Invalid input: /, '')}); write "${ADVICE}", or an async function that returns such an object`,
    { file },
  );
}
