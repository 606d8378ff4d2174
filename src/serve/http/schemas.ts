/**
 * What goes over the wire. These schemas validate requests, document them (OpenAPI) and give the client its types.
 */
import * as z from 'zod';
import { FIELD_OPERATORS, type FilterInput, MAX_FILTER_LENGTH } from '../../catalog/filter/filter.js';
import { MAX_QUERY_LENGTH } from '../../catalog/queries.js';
import { QUALITY_METRICS } from '../../choose/qualityMetric.js';
import { ASKABLE_METHODS, METHOD_NAMES as METHODS } from '../../retrieve/methodNames.js';
import { MAX_K, MAX_OFFSET, MAX_STEPS } from '../../retrieve/request.js';

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

const method = z.enum(METHODS);
const askable = z.enum(ASKABLE_METHODS);
/** Methods that have directions of their own. */
const fanoutMethod = z.enum(['kmeans', 'keywords', 'nearestQueries', 'folm', 'diffusion']);
const query = z
  .string()
  .trim()
  .min(1, 'is empty; write what to search for')
  .max(MAX_QUERY_LENGTH - 1)
  .meta({ description: 'What to search for.', examples: ['camping gear'] });
const k = z.int().min(1).max(LIMITS.k).meta({ description: "Items wanted, by default the run's k." });
const steps = z
  .int()
  .min(1)
  .max(LIMITS.steps)
  .meta({ description: "Denoising steps of the diffusion model, by default the run's." });
const seed = z
  .int()
  .min(0)
  .max(2 ** 32 - 1)
  .meta({ description: 'The same seed gives the same set (0).' });

const scalar = z.union([z.string(), z.number(), z.boolean()]);
const condition = z
  .strictObject({
    field: z.string().min(1).max(200),
    op: z.enum(FIELD_OPERATORS).meta({
      description: '`~` contains; `between` takes `[least, greatest]`; `missing` takes no value.',
    }),
    value: z.union([scalar, z.array(scalar).min(1).max(1000)]).optional(),
  })
  .meta({ description: 'A condition on a field; of a list of values one is enough.' });
const several = () => z.array(filterSchema).min(1).max(LIMITS.filters);
const filterSchema: z.ZodType<FilterInput, FilterInput> = z
  .lazy(() =>
    z.union([
      z.string().min(1).max(MAX_FILTER_LENGTH),
      condition as unknown as z.ZodType<FilterInput, FilterInput>,
      z.strictObject({ and: several() }),
      z.strictObject({ or: several() }),
      z.strictObject({ not: filterSchema }),
    ]),
  )
  .meta({
    description: 'A condition as text or as an object, or several joined.',
    examples: [
      'color=red|blue AND price<50',
      { field: 'color', op: '=', value: ['red', 'blue'] },
      { not: { field: 'brand', op: 'missing' } },
    ],
  })
  .register(components, { id: 'Filter' });

const queries = z
  .array(query)
  .min(1)
  .max(LIMITS.queries)
  .meta({ description: 'Several queries in one call.' });

const oneQuery = <T extends { query?: unknown; queries?: unknown }>(body: T): boolean =>
  (body.query === undefined) !== (body.queries === undefined);
const ONE_QUERY = { path: ['query'], message: 'give either query or queries' };

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
const point = z
  .tuple([z.number(), z.number()])
  .meta({ description: 'Place on the map, in the coordinates of `/v1/map`.' });

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
    items: z.array(itemSchema).meta({ description: 'Distinct items.' }),
    metrics: metricsSchema,
    point: point.optional(),
    directions: z.array(directionSchema).optional(),
    reference: referenceSchema.optional(),
  })
  .register(components, { id: 'SetResult' });

const runSchema = z
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

const timingsSchema = z
  .object({
    queue: z.number().meta({ description: 'Waiting for the batch.' }),
    encode: z.number(),
    directions: z.number(),
    search: z.number(),
    total: z.number().meta({ description: 'From the request read to the answer made.' }),
  })
  .meta({ description: 'Milliseconds; the parts are those of the batch that the request was answered in.' })
  .register(components, { id: 'Timings' });

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

const itemId = z.union([z.string().trim().min(1).max(1000), z.number()]);

export const itemsRequestSchema = z
  .strictObject({
    upsert: z
      .array(z.looseObject({}))
      .max(LIMITS.items)
      .meta({
        description: 'Items to add, or to replace where the id is known: records as in the catalog file.',
        examples: [[{ id: 'tent-7', title: 'Two-person tent', category: 'camping', price: 89 }]],
      })
      .optional(),
    delete: z
      .array(itemId)
      .max(LIMITS.items)
      .meta({ description: 'Ids of items to delete; unknown ones are no error. Done after `upsert`.' })
      .optional(),
  })
  .refine((body) => (body.upsert?.length ?? 0) + (body.delete?.length ?? 0) > 0, {
    path: ['upsert'],
    message: 'give items to upsert or ids to delete',
  })
  .register(components, { id: 'ItemsRequest' });

export const itemsResponseSchema = z
  .object({
    accepted: z.int().meta({ description: 'Changes of this request, now on disk.' }),
    sequence: z
      .int()
      .meta({ description: 'Number of the last of them; see `changes.visible` of `/v1/info`.' }),
    pending: z.int().meta({ description: 'Changes which searches do not see yet.' }),
  })
  .register(components, { id: 'ItemsResponse' });

const fieldSchema = z
  .object({
    name: z.string(),
    kind: z
      .enum(['text', 'number', 'boolean', 'date'])
      .meta({ description: 'What filters compare; of a list, what its members are.' }),
    isList: z.boolean().meta({ description: 'Whether some items have several values.' }),
    items: z.int().meta({ description: 'Items which have it.' }),
    values: z
      .array(z.object({ value: scalar, items: z.int() }))
      .meta({ description: 'The most frequent values, where few enough differ to choose from.' })
      .optional(),
    range: z
      .union([z.tuple([z.number(), z.number()]), z.tuple([z.string(), z.string()])])
      .meta({ description: 'Least and greatest number or date.' })
      .optional(),
    example: scalar.meta({ description: 'A value as the catalog writes it.' }).optional(),
  })
  .register(components, { id: 'Field' });

const driftSchema = z
  .object({
    added: z.int(),
    updated: z.int(),
    deleted: z.int(),
    share: z.number().meta({ description: 'Changed items per compiled item.' }),
    distance: z.number().nullable().meta({
      description: '1 - cosine of a new or updated item to its nearest compiled one, mean; null for none.',
    }),
    catalogDistance: z
      .number()
      .nullable()
      .meta({ description: 'The same between compiled items: what is usual in this catalog.' }),
    recompile: z.boolean().meta({
      description:
        'Time to compile again: a tenth has changed, or what is new lies twice as far off as usual.',
    }),
  })
  .register(components, { id: 'Drift' });

const autoSchema = z
  .object({
    method: method.meta({ description: "The one that did best on the run's validation queries." }),
    metric: z.enum(QUALITY_METRICS).meta({
      description:
        'What was compared: alpha-nDCG@k, or the reward where no validation query has a reference set.',
    }),
    value: z.number().meta({ description: 'Mean over these queries.' }),
    queries: z.int().meta({ description: 'Validation queries that were asked.' }),
    plain: z.number().meta({ description: 'The same of plain search.' }),
    bestBaseline: z
      .object({ method, value: z.number() })
      .meta({ description: 'The same of the best method that needs no compiling.' }),
  })
  .register(components, { id: 'Auto' });

export const infoSchema = z
  .object({
    run: runSchema,
    catalog: z.object({
      items: z.int().meta({ description: 'Items that can be found now.' }),
      compiled: z.int().meta({ description: 'Items when it was compiled.' }),
      fields: z.array(fieldSchema),
    }),
    k: z.int().meta({ description: 'Items a set by default.' }),
    method: method.meta({ description: 'The method behind `auto`, and of searches that name none.' }),
    auto: autoSchema
      .meta({
        description: 'Why it is that method; absent where methods have not been compared.',
      })
      .optional(),
    steps: z
      .int()
      .nullable()
      .meta({ description: 'Denoising steps by default; null without a diffusion model.' }),
    dimensions: z.int(),
    encoder: z.string(),
    methods: z.array(
      z.object({
        method,
        missing: z
          .string()
          .meta({ description: 'Why plain search answers instead; absent if it works.' })
          .optional(),
        diversity: z
          .number()
          .meta({
            description: 'The `diversity` of requests that name none; absent where the method has none.',
          })
          .optional(),
      }),
    ),
    changes: z.object({
      accepted: z.int().meta({ description: 'Number of the last change on disk.' }),
      visible: z.int().meta({ description: 'Number of the last change that searches see.' }),
      pending: z.int(),
    }),
    drift: driftSchema,
    limits: z.object({
      queries: z.int(),
      k: z.int(),
      steps: z.int(),
      items: z.int(),
      body: z.int(),
      itemsBody: z.int(),
      queue: z.int().meta({
        description:
          'Queries that may wait; more are answered with 503, and three quarters of them of one caller with 429.',
      }),
      seconds: z.number().meta({ description: 'A search that takes longer is given up.' }),
    }),
  })
  .register(components, { id: 'Info' });

export const mapSchema = z
  .object({
    ids: z.array(z.string()),
    titles: z.array(z.string()),
    points: z.array(z.number()).meta({ description: 'x and y of every item, one after the other.' }),
    categories: z.array(z.string()).meta({ description: 'Names of the categories.' }),
    category: z
      .array(z.int())
      .meta({ description: 'For every item its place in `categories`, -1 for none.' }),
    items: z
      .int()
      .meta({ description: 'Items in the catalog; more than here where only a sample is shown.' }),
    explained: z
      .tuple([z.number(), z.number()])
      .meta({ description: 'Share of the variance along x and along y.' }),
  })
  .meta({ description: 'The catalog in the plane of its two first principal components.' })
  .register(components, { id: 'Map' });

export const mapQuerySchema = z.strictObject({
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .meta({ description: 'At most so many items, evenly sampled (20,000).' })
    .optional(),
});

export const reloadResponseSchema = z
  .object({
    run: runSchema,
    changed: z.boolean().meta({ description: 'Whether it is another run than before.' }),
  })
  .register(components, { id: 'ReloadResponse' });

export const statusSchema = z
  .object({ status: z.enum(['ok', 'loading', 'draining']) })
  .register(components, { id: 'Status' });

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

export type SearchRequest = z.input<typeof searchRequestSchema>;
export type SearchResponse = z.output<typeof searchResponseSchema>;
export type SetResult = z.output<typeof setResultSchema>;
export type FoundItem = z.output<typeof itemSchema>;
export type Reference = z.output<typeof referenceSchema>;
export type Direction = z.output<typeof directionSchema>;
export type ResultMetrics = z.output<typeof metricsSchema>;
export type RequestFilter = FilterInput;
export type RunProvenance = z.output<typeof runSchema>;
export type Timings = z.output<typeof timingsSchema>;
export type FanoutRequest = z.input<typeof fanoutRequestSchema>;
export type FanoutMethod = z.output<typeof fanoutMethod>;
export type FanoutResponse = z.output<typeof fanoutResponseSchema>;
export type ItemsRequest = z.input<typeof itemsRequestSchema>;
export type ItemsResponse = z.output<typeof itemsResponseSchema>;
export type Info = z.output<typeof infoSchema>;
export type Auto = z.output<typeof autoSchema>;
export type Drift = z.output<typeof driftSchema>;
export type FieldInfo = z.output<typeof fieldSchema>;
export type CatalogMap = z.output<typeof mapSchema>;
export type ReloadResponse = z.output<typeof reloadResponseSchema>;
export type Problem = z.output<typeof problemSchema>;
