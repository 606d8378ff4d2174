import * as z from 'zod';
import { InputError } from '../errors.js';
import { type Config, configSchema } from './config.js';
import { nearest } from './nearest.js';

/**
 * Checks a config and fills in the defaults.
 *
 * @param file - named in errors
 * @throws InputError naming the setting; for an unknown one also the nearest known one
 */
export function parseConfig(config: unknown, file?: string): Config {
  const result = configSchema.safeParse(config);
  if (result.success) return result.data;
  const [issue, ...others] = result.error.issues.flatMap((i) => describeIssue(i, []));
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  throw new InputError(issue.problem + more, { file, field: issue.field === '' ? undefined : issue.field });
}

interface Problem {
  readonly field: string;
  readonly problem: string;
}

function describeIssue(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): Problem[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownNames(path);
      return issue.keys.map((key) => {
        const guess = nearest(key, known);
        const advice =
          guess === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${guess}"?`;
        return { field: [...path, key].join('.'), problem: `is not a setting; ${advice}` };
      });
    }
    case 'invalid_union':
      // A union is a function or an object: only the object's problems are worth telling.
      return issue.errors[issue.errors.length - 1].flatMap((inner) => describeIssue(inner, path));
    default:
      return [{ field: path.join('.'), problem: plainMessage(issue.message) }];
  }
}

/** Turns `Invalid input: expected number, received string` into `expected number, received string`. */
function plainMessage(message: string): string {
  return message.replace(/^[^:]*: (?=expected)/, '');
}

/** The setting names at a path of the schema. */
function knownNames(path: readonly PropertyKey[]): string[] {
  let schema = objectSchema(configSchema);
  for (const name of path) schema = objectSchema(schema?.shape[String(name)]);
  return Object.keys(schema?.shape ?? {});
}

/** The object inside defaults, optionals and unions. */
function objectSchema(schema: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodUnion)
    return schema.options.map(objectSchema).find((option) => option !== undefined);
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return objectSchema(schema.unwrap());
  }
  return undefined;
}
