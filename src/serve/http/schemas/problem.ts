import * as z from 'zod';
import { components } from './shared.js';

/** Every way a request can fail: the slug of the problem's type, its HTTP status and title. */
export const PROBLEMS = {
  'invalid-request': { status: 400, title: 'The request is not valid' },
  unauthorized: { status: 401, title: 'An API key is needed' },
  forbidden: { status: 403, title: 'Not allowed' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  conflict: { status: 409, title: 'Not possible now' },
  'too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be JSON' },
  internal: { status: 500, title: 'Internal error' },
  'too-many-requests': { status: 429, title: 'Too many requests of one caller' },
  overloaded: { status: 503, title: 'Too many requests at once' },
  unavailable: { status: 503, title: 'Not ready' },
  timeout: { status: 504, title: 'It took too long' },
} as const;
export type ProblemCode = keyof typeof PROBLEMS;

export const problemSchema = z
  .object({
    type: z.string().meta({ description: 'What went wrong: a URL whose fragment is the code.' }),
    title: z.string(),
    status: z.int(),
    detail: z.string().meta({ description: 'One line: what is wrong and what to do.' }),
    instance: z.string().meta({ description: 'Id of the request, as in the access log.' }).optional(),
    errors: z
      .array(z.object({ field: z.string(), detail: z.string() }))
      .meta({ description: 'Every field that is wrong, e.g. `queries[2]`.' })
      .optional(),
  })
  .meta({ description: 'Every error has this shape (RFC 9457).' })
  .register(components, { id: 'Problem' });

export type Problem = z.output<typeof problemSchema>;
