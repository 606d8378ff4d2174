/** What the service says of itself: the run, its catalog, whether it is ready. */
import * as z from 'zod';
import { QUALITY_METRICS } from '../../../choose/qualityMetric.js';
import { components, method, runSchema, scalar } from './shared.js';

const fieldSchema = z
  .object({
    name: z.string(),
    kind: z
      .enum(['text', 'number', 'boolean', 'date'])
      .meta({ description: 'What filters compare; of a list, what its members are.' }),
    isList: z.boolean().meta({ description: 'Whether some items have several values.' }),
    unit: z
      .string()
      .meta({ description: 'Currency or percent sign of its numbers, where they have one.' })
      .optional(),
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
      visible: z.int().meta({ description: 'Searches see every change up to this number.' }),
      pending: z.int().meta({ description: 'Changes that searches do not see yet.' }),
      failed: z
        .int()
        .meta({ description: 'Those of them that could not be embedded here, and are tried again.' }),
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

export type Info = z.output<typeof infoSchema>;
export type Auto = z.output<typeof autoSchema>;
export type Drift = z.output<typeof driftSchema>;
export type FieldInfo = z.output<typeof fieldSchema>;
export type CatalogMap = z.output<typeof mapSchema>;
export type ReloadResponse = z.output<typeof reloadResponseSchema>;
