/** Sets, and directions alone. */
import * as z from 'zod';
import { ASKABLE_METHODS } from '../../../retrieve/methodNames.js';
import { MAX_OFFSET } from '../../../retrieve/request.js';
import { filterSchema } from './filter.js';
import {
  askable,
  components,
  fanoutMethod,
  k,
  LIMITS,
  method,
  ONE_QUERY,
  oneQuery,
  point,
  queries,
  query,
  runSchema,
  scalar,
  seed,
  steps,
  timingsSchema,
} from './shared.js';

export const searchRequestSchema = z
  .strictObject({
    query: query.optional(),
    queries: queries.optional(),
    k: k.optional(),
    filter: z
      .union([filterSchema, z.array(filterSchema).max(LIMITS.filters)])
      .meta({ description: 'Only items which pass this, or all of several.' })
      .optional(),
    method: askable
      .meta({ description: "How to search (auto: what did best on the run's validation queries)." })
      .optional(),
    methods: z
      .array(askable)
      .min(1)
      .max(ASKABLE_METHODS.length)
      .meta({ description: 'Several methods, to compare them: a result for each query and method.' })
      .optional(),
    diversity: z
      .number()
      .min(0)
      .max(1)
      .meta({ description: 'From 0, only what fits best, to 1, as different as the method can.' })
      .optional(),
    distinct: z
      .union([
        z.string().min(1).max(200),
        z.strictObject({ field: z.string().min(1).max(200), max: z.int().min(1).max(LIMITS.k).optional() }),
      ])
      .meta({ description: 'At most one item, or `max`, for each value of a field.' })
      .optional(),
    exclude: z
      .array(z.string().min(1).max(1000))
      .max(LIMITS.items)
      .meta({ description: 'Ids of items that are not wanted.' })
      .optional(),
    offset: z
      .int()
      .min(0)
      .max(MAX_OFFSET)
      .meta({ description: 'Items passed over before the set begins: more like this set (0).' })
      .optional(),
    minScore: z
      .number()
      .min(-1)
      .max(1)
      .meta({
        description:
          'Items whose cosine to the query is less are left out, also those that complement it without being like it.',
      })
      .optional(),
    steps: steps.optional(),
    seed: seed.optional(),
    directions: z
      .boolean()
      .meta({
        description: 'Also say where was looked: the directions, and their places on the map (false).',
      })
      .optional(),
    text: z
      .boolean()
      .meta({ description: 'Also give the text of every item, which was embedded (false).' })
      .optional(),
    reference: z
      .boolean()
      .meta({ description: "Also say what people chose, where the query is one of the run's own (false)." })
      .optional(),
  })
  .refine(oneQuery, ONE_QUERY)
  .refine((body) => body.method === undefined || body.methods === undefined, {
    path: ['method'],
    message: 'give either method or methods',
  })
  .refine((body) => (body.queries?.length ?? 1) * (body.methods?.length ?? 1) <= LIMITS.queries, {
    path: ['queries'],
    message: `queries times methods must be at most ${LIMITS.queries}`,
  })
  .register(components, { id: 'SearchRequest' });

const fieldValue = z.union([scalar, z.null(), z.array(scalar)]);
export const itemSchema = z
  .object({
    id: z.string(),
    title: z.string(),
    score: z.number().meta({ description: 'Relevance: cosine between query and item, -1 to 1.' }),
    rank: z.int().meta({
      description: "Rank among its direction's hits, from 1; above 1 where others took the better.",
    }),
    direction: z.int().meta({ description: 'Number of the direction that brought it, from 0.' }),
    directionScore: z.number().meta({ description: 'Cosine between that direction and the item, -1 to 1.' }),
    why: z.string().meta({
      description: 'Why it is there, in words.',
      examples: ['in the set of “camping trip”', 'has camping'],
    }),
    sharedWords: z
      .array(z.string())
      .meta({ description: 'Words that the item shares with the query, but for their endings.' }),
    subQuery: z.string().meta({ description: 'The words of its direction, where it has some.' }).optional(),
    trainingQuery: z
      .string()
      .meta({
        description:
          'The training query most like this one whose set has the item, of the 30 most like it; of methods that learn from sets.',
      })
      .optional(),
    trainingSets: z
      .int()
      .meta({ description: 'Training sets that have the item; of methods that learn from sets.' })
      .optional(),
    image: z
      .string()
      .meta({ description: 'URL of a picture; one of this server begins with a slash.' })
      .optional(),
    category: z.string().optional(),
    text: z
      .string()
      .meta({ description: 'The text that was embedded, where the request asks for it.' })
      .optional(),
    metadata: z.record(z.string(), fieldValue).meta({ description: "The item's other fields." }),
  })
  .register(components, { id: 'FoundItem' });

const nearest = z
  .object({ id: z.string(), title: z.string(), score: z.number() })
  .meta({ description: 'The item nearest to the direction, whether it is in the set or not.' });

export const directionSchema = z
  .object({
    subQuery: z.string().optional(),
    nearest: nearest.optional(),
    point,
  })
  .register(components, { id: 'Direction' });

export const metricsSchema = z
  .object({
    alignment: z.number().meta({ description: 'Mean relevance of the items, -1 to 1.' }),
    diversity: z.number().meta({ description: 'Normalised Vendi score of the items, 0 to 1.' }),
    vendi: z.number().meta({ description: 'Effective number of different items, 1 to k.' }),
  })
  .register(components, { id: 'SetMetrics' });

const referenceSchema = z
  .object({
    split: z.enum(['train', 'valid', 'test']).meta({
      description:
        "Which of the run's queries it is: by `train` models were fitted, by `valid` settings were chosen.",
    }),
    items: z.array(z.string()).meta({ description: 'Ids of the reference set.' }),
  })
  .meta({ description: "What people chose for one of the run's own queries." })
  .register(components, { id: 'Reference' });

export const setResultSchema = z
  .object({
    query: z.string(),
    method: method.meta({ description: 'The method that answered.' }),
    fallback: z
      .string()
      .meta({
        description: 'Why plain search answered instead of the method asked for; absent when it did not.',
      })
      .optional(),
    unknown: z
      .literal(true)
      .meta({
        description: 'The query is keys at random, as far as encoder and catalog know: there are no items.',
      })
      .optional(),
    passing: z
      .int()
      .meta({
        description:
          'Items that pass the filter, without what is excluded and repeats of the same text; absent without a filter.',
      })
      .optional(),
    items: z.array(itemSchema).meta({ description: 'Distinct items.' }),
    metrics: metricsSchema,
    point: point.optional(),
    directions: z.array(directionSchema).optional(),
    reference: referenceSchema.optional(),
  })
  .register(components, { id: 'SetResult' });

export const searchResponseSchema = z
  .object({
    results: z.array(setResultSchema).meta({
      description: 'One for each query and method: all methods of the first query, then of the next.',
    }),
    run: runSchema,
    timings: timingsSchema,
  })
  .register(components, { id: 'SearchResponse' });

export const fanoutRequestSchema = z
  .strictObject({
    query: query.optional(),
    queries: queries.optional(),
    k: k
      .meta({ description: "Directions wanted, by default the run's k; folm writes at most the run's." })
      .optional(),
    method: fanoutMethod.meta({ description: 'Who makes them (diffusion).' }).optional(),
    steps: steps.optional(),
    seed: seed.optional(),
  })
  .refine(oneQuery, ONE_QUERY)
  .register(components, { id: 'FanoutRequest' });

export const fanoutResponseSchema = z
  .object({
    results: z.array(
      z.object({
        query: z.string(),
        method: fanoutMethod,
        directions: z.array(
          directionSchema.extend({
            vector: z.array(z.number()).meta({ description: "Unit vector of the run's dimensions." }),
          }),
        ),
      }),
    ),
    run: runSchema,
    timings: timingsSchema,
  })
  .register(components, { id: 'FanoutResponse' });

export type SearchRequest = z.input<typeof searchRequestSchema>;
export type SearchResponse = z.output<typeof searchResponseSchema>;
export type SetResult = z.output<typeof setResultSchema>;
export type FoundItem = z.output<typeof itemSchema>;
export type Reference = z.output<typeof referenceSchema>;
export type Direction = z.output<typeof directionSchema>;
export type ResultMetrics = z.output<typeof metricsSchema>;
export type FanoutRequest = z.input<typeof fanoutRequestSchema>;
export type FanoutResponse = z.output<typeof fanoutResponseSchema>;
