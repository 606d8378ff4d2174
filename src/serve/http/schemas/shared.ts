/** What requests and answers have in common. */
import * as z from 'zod';
import { MAX_QUERY_LENGTH } from '../../../catalog/queries.js';
import { ASKABLE_METHODS, METHOD_NAMES as METHODS } from '../../../retrieve/methodNames.js';
import { MAX_K, MAX_STEPS } from '../../../retrieve/request.js';

/** Bounds of one request. */
export const LIMITS = {
  /** Queries, and queries times methods. */
  queries: 64,
  k: MAX_K,
  steps: MAX_STEPS,
  /** Filters in one list. */
  filters: 64,
  /** Items added, updated or deleted. */
  items: 1000,
  /** Bytes of a body; of one that changes items. */
  body: 2 ** 20,
  itemsBody: 2 ** 24,
} as const;

/** Named schemas, which OpenAPI lists as components. */
export const components = z.registry<{ id: string; description?: string }>();

export const method = z.enum(METHODS);
export const askable = z.enum(ASKABLE_METHODS);
/** Methods that have directions of their own. */
export const fanoutMethod = z.enum(['kmeans', 'keywords', 'nearestQueries', 'folm', 'diffusion']);
export const query = z
  .string()
  .trim()
  .min(1, 'is empty; write what to search for')
  .max(MAX_QUERY_LENGTH - 1)
  .meta({ description: 'What to search for.', examples: ['camping gear'] });
export const k = z.int().min(1).max(LIMITS.k).meta({ description: "Items wanted, by default the run's k." });
export const steps = z
  .int()
  .min(1)
  .max(LIMITS.steps)
  .meta({ description: "Denoising steps of the diffusion model, by default the run's." });
export const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .meta({ description: 'The same seed gives the same set (0).' });

export const scalar = z.union([z.string(), z.number(), z.boolean()]);

export const queries = z
  .array(query)
  .min(1)
  .max(LIMITS.queries)
  .meta({ description: 'Several queries in one call.' });

export const oneQuery = <T extends { query?: unknown; queries?: unknown }>(body: T): boolean =>
  (body.query === undefined) !== (body.queries === undefined);
export const ONE_QUERY = { path: ['query'], message: 'give either query or queries' };

export const point = z
  .tuple([z.number(), z.number()])
  .meta({ description: 'Place on the map, in the coordinates of `/v1/map`.' });

export const runSchema = z
  .object({
    id: z.string().meta({ description: 'Names what was compiled: catalog, queries, settings, encoder.' }),
    name: z.string().meta({ description: "The run folder's name." }),
    fingerprint: z
      .string()
      .meta({ description: 'SHA-256 over the models and vectors that answered, shortened.' }),
    compiledAt: z.string().meta({ description: 'When the last stage was done, ISO 8601.' }),
    version: z.string().meta({ description: 'Version of r4t that answered.' }),
  })
  .register(components, { id: 'Run' });

export const timingsSchema = z
  .object({
    queue: z.number().meta({ description: 'Waiting for the batch.' }),
    encode: z.number(),
    directions: z.number(),
    search: z.number(),
    total: z.number().meta({ description: 'From the request read to the answer made.' }),
  })
  .meta({ description: 'Milliseconds; the parts are those of the batch that the request was answered in.' })
  .register(components, { id: 'Timings' });

export type RunProvenance = z.output<typeof runSchema>;
export type Timings = z.output<typeof timingsSchema>;
export type FanoutMethod = z.output<typeof fanoutMethod>;
