/** Errors as the wire shows them: one shape for all (RFC 9457). */
import type * as z from 'zod';
import type { InputError } from '../../errors.js';
import { PROBLEMS, type Problem, type ProblemCode } from './schemas.js';

export interface FieldError {
  /** Path in the body, e.g. `queries[2]`. */
  readonly field: string;
  readonly detail: string;
}

export interface ProblemOptions {
  readonly errors?: readonly FieldError[];
  /** Seconds after which trying again makes sense. */
  readonly retryAfter?: number;
  readonly cause?: unknown;
}

/** A request that cannot be answered; thrown anywhere, sent as `application/problem+json`. */
export class HttpProblem extends Error {
  override name = 'HttpProblem';
  readonly errors?: readonly FieldError[];
  readonly retryAfter?: number;

  constructor(
    readonly code: ProblemCode,
    detail: string,
    { errors, retryAfter, cause }: ProblemOptions = {},
  ) {
    super(detail, { cause });
    this.errors = errors;
    this.retryAfter = retryAfter;
  }

  get status(): number {
    return PROBLEMS[this.code].status;
  }

  /**
   * @param instance the request's id
   * @param mount the path of the app that the service is part of
   */
  toResponse(
    instance: string,
    {
      headers = {},
      mount = '',
    }: { readonly headers?: Readonly<Record<string, string>>; readonly mount?: string } = {},
  ): Response {
    const { status, title } = PROBLEMS[this.code];
    const body: Problem = {
      type: `${mount}/docs#${this.code}`,
      title,
      status,
      detail: this.message,
      instance,
      ...(this.errors && { errors: [...this.errors] }),
    };
    return new Response(JSON.stringify(body), {
      status,
      headers: {
        'Content-Type': 'application/problem+json',
        'Cache-Control': 'no-store',
        ...(this.retryAfter !== undefined && { 'Retry-After': String(this.retryAfter) }),
        ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }),
        ...headers,
      },
    });
  }
}

/** What is wrong, without the place, which the wire names apart. */
export function problemOf({ message, field }: InputError): string {
  const prefix = `field "${field}": `;
  return field !== undefined && message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** One or several wrong fields as a problem. */
export function invalidFields(errors: readonly FieldError[]): HttpProblem {
  const [{ field, detail }, ...others] = errors;
  const more = others.length > 0 ? ` (and ${others.length} more)` : '';
  return new HttpProblem('invalid-request', `${field === '' ? 'the body' : field}: ${detail}${more}`, {
    errors,
  });
}

/** Most fields named in one answer. */
const MOST_ERRORS = 20;

/** What a schema found wrong. */
export function invalidBy({ issues }: z.ZodError): HttpProblem {
  return invalidFields(issues.flatMap((issue) => describe(issue, [])).slice(0, MOST_ERRORS));
}

function describe(issue: z.core.$ZodIssue, prefix: readonly PropertyKey[]): FieldError[] {
  const path = [...prefix, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ field: fieldPath([...path, key]), detail: 'is not a known field' }));
  }
  const alternatives = alternativesOf(issue);
  if (alternatives.length > 0) {
    // The alternative that fits best is the one that was meant: its problems lie deepest.
    const meant = alternatives.reduce((best, other) => (depthOf(other) > depthOf(best) ? other : best));
    if (depthOf(meant) > 0) return meant.flatMap((inner) => describe(inner, path));
    if (issue.message !== NO_ALTERNATIVE) return [{ field: fieldPath(path), detail: issue.message }];
    const expected = alternatives.flat().map((i) => plainMessage(i.message));
    return [{ field: fieldPath(path), detail: [...new Set(expected)].join(', or ') }];
  }
  return [{ field: fieldPath(path), detail: plainMessage(issue.message) }];
}

/** What is said of a union that has no message of its own. */
const NO_ALTERNATIVE = 'Invalid input';

type Issues = readonly z.core.$ZodIssue[];

/** What is wrong by each alternative of a union, and by those of the unions among them. */
function alternativesOf(issue: z.core.$ZodIssue): readonly Issues[] {
  if (issue.code !== 'invalid_union') return [];
  return issue.errors.flatMap((issues) => {
    const [only] = issues;
    const inner = issues.length === 1 && only.path.length === 0 ? alternativesOf(only) : [];
    return inner.length > 0 && only.message === NO_ALTERNATIVE ? inner : [issues];
  });
}

/** How far inside the value the problem lies. */
const depthOf = (issues: Issues): number =>
  Math.max(...issues.map((issue) => issue.path.length + Math.max(0, ...alternativesOf(issue).map(depthOf))));

/** `['queries', 2]` as `queries[2]`. */
function fieldPath(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? String(part) : `${text}.${String(part)}`;
  }, '');
}

/** Turns `Invalid input: expected number, received string` into `expected number, received string`. */
function plainMessage(message: string): string {
  return message.replace(/^[^:]*: (?=expected)/, '');
}
