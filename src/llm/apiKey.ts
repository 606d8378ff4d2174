import { InputError } from '../errors.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The API key in the environment variable that a setting names; undefined where it names none.
 *
 * @throws InputError naming the setting, where the variable is not set
 */
export function apiKeyOf(
  variable: string | undefined,
  field: string,
  env: Environment = process.env,
): string | undefined {
  if (variable === undefined) return undefined;
  const key = env[variable];
  if (key) return key;
  throw new InputError(
    `names the environment variable ${variable}, which is not set; set it to the API key`,
    {
      field,
    },
  );
}
