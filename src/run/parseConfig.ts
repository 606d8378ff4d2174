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
  const [issue, ...others] = result.error.issues.flatMap((i) => describeIssue(i, [], config));
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  throw new InputError(issue.problem + more, { file, field: issue.field === '' ? undefined : issue.field });
}

interface Problem {
  readonly field: string;
  readonly problem: string;
}

function describeIssue(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[], config: unknown): Problem[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const { schema, value } = meantAt(path, config);
      const known = Object.keys(schema?.shape ?? {});
      // Told by another kind of object than what is meant: its own problems are worth telling.
      if (schema && issue.keys.some((key) => known.includes(key))) {
        const { error } = schema.safeParse(value);
        return (error?.issues ?? []).flatMap((inner) => describeIssue(inner, path, config));
      }
      return issue.keys.map((key) => {
        const guess = nearest(key, known);
        const advice =
          guess === undefined ? `expected one of ${known.join(', ')}` : `did you mean "${guess}"?`;
        return { field: [...path, key].join('.'), problem: `is not a setting; ${advice}` };
      });
    }
    case 'invalid_union':
      return problemsOfUnion(issue, path, config);
    default:
      return [{ field: path.join('.'), problem: plainMessage(issue.message) }];
  }
}

/** A union is a name or a function, or an object, which comes last: only the problems of what was meant are worth telling. */
function problemsOfUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PropertyKey[],
  config: unknown,
): Problem[] {
  // Of objects of several kinds, none has the kind.
  if (issue.errors.length === 0) return [{ field: path.join('.'), problem: issue.message }];
  const ofObject = issue.errors[issue.errors.length - 1];
  const names = issue.errors.find(([inner]) => inner?.code === 'invalid_value');
  const isObject = ofObject[0]?.code !== 'invalid_type' || ofObject[0].path.length > 0;
  return (isObject ? ofObject : (names ?? ofObject)).flatMap((inner) => describeIssue(inner, path, config));
}

/** Turns `Invalid input: expected number, received string` into `expected number, received string`. */
function plainMessage(message: string): string {
  return message.replace(/^[^:]*: (?=expected)/, '');
}

/** What the config has at a path, with the schema of it; of objects of several kinds, that of its own kind. */
function meantAt(path: readonly PropertyKey[], config: unknown) {
  let value = config;
  let schema = objectSchema(configSchema, value);
  for (const name of path) {
    value = (value as Record<PropertyKey, unknown> | undefined)?.[name];
    schema = objectSchema(schema?.shape[String(name)], value);
  }
  return { schema, value };
}

/** The object inside defaults, optionals and unions. */
function objectSchema(schema: unknown, value: unknown): z.ZodObject | undefined {
  if (schema instanceof z.ZodObject) return schema;
  if (schema instanceof z.ZodUnion) {
    const kind = (value as { kind?: unknown } | undefined)?.kind;
    const options = schema.options.flatMap((option) => objectSchema(option, value) ?? []);
    const kinds = options.filter(({ shape }) => shape.kind instanceof z.ZodLiteral);
    // One whose kind has a default need not say it.
    const plain = options.filter((option) => !kinds.includes(option));
    if (kind === undefined) return plain[0] ?? kinds[0];
    return options.find(({ shape }) => kindOf(shape) === kind) ?? kinds[0] ?? plain[0];
  }
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return objectSchema(schema.unwrap(), value);
  }
  return undefined;
}

/** The kind of an object that has one. */
function kindOf({ kind }: z.ZodObject['shape']): unknown {
  const literal = kind instanceof z.ZodDefault ? kind.unwrap() : kind;
  return literal instanceof z.ZodLiteral ? literal.value : undefined;
}
