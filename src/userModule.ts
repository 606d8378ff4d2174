/** What modules of the user's bring: encoders, indexes, policies, rewards. */
import * as z from 'zod';
import { InputError } from './errors.js';
import { importDefault } from './importDefault.js';
import { checkInputFile } from './inputFile.js';

export const anyFunction = z.custom<(...args: never[]) => unknown>(
  (value) => typeof value === 'function',
  'expected a function',
);

/** What a default export has to be. */
export interface Expected {
  /** With its article: `an encoder`. */
  readonly what: string;
  /** What to write. */
  readonly advice: string;
  readonly shape: z.ZodType;
}

/**
 * The default export of a module of the user's, or what it returns: a function is called with `given`.
 *
 * @throws InputError if the module is missing, does not run, or exports something else
 */
export async function loadUserModule<T>(file: string, expected: Expected, given: unknown[]): Promise<T> {
  const exported = await defaultExport(file, expected.advice);
  return checked<T>(typeof exported === 'function' ? await exported(...given) : exported, file, expected);
}

/** The default export itself. */
export async function defaultExport(file: string, advice: string): Promise<unknown> {
  await checkInputFile(file);
  // Not imported at the top: the package's entry leads here.
  const library = await import('./index.js');
  return importDefault(file, library, advice);
}

function checked<T>(value: unknown, file: string, { what, advice, shape }: Expected): T {
  const result = shape.safeParse(value);
  // The object itself, not the parsed copy, which would have lost its class.
  if (result.success) return value as T;
  const { path, message } = result.error.issues[0];
  const problem = message.replace(/^Invalid input: /, '');
  const where = path.length === 0 ? problem : `${path.join('.')}: ${problem}`;
  throw new InputError(
    `the default export is not ${what} (${where}); write "${advice}", or an async function that returns such an object`,
    { file },
  );
}
