/** What people said of sets, and what is to be asked about. */
import * as z from 'zod';
import { judgmentSchema, MOST_JUDGMENTS } from '../../../labels/judgment.js';
import { components, method } from './shared.js';

export const labelsRequestSchema = z
  .strictObject({
    judgments: z
      .array(judgmentSchema)
      .min(1)
      .max(MOST_JUDGMENTS)
      .meta({
        description:
          'Of an item (`item`, `verdict`), of a set as a whole (`items`, `verdict`), or between two sets (`sets`, `better`); of several on the same thing the last counts.',
        examples: [[{ query: 'camping gear', item: 'tent-7', verdict: 'up', method: 'diffusion' }]],
      }),
  })
  .register(components, { id: 'LabelsRequest' });

export const labelsResponseSchema = z
  .object({
    recorded: z.int().meta({ description: 'Judgments that were new, and are on disk now.' }),
  })
  .register(components, { id: 'LabelsResponse' });

export const labelsQuerySchema = z.object({
  query: z
    .string()
    .trim()
    .min(1)
    .meta({ description: 'Only the labels of this query, but for case and white space.' })
    .optional(),
});

const summarySchema = z
  .object({
    method,
    queries: z
      .int()
      .meta({ description: 'Queries of which a set of its was compared, or judged as a whole.' }),
    shown: z.int().meta({ description: 'Items of these sets.' }),
    judged: z.int().meta({ description: 'Those of them that were judged.' }),
    up: z.int().meta({ description: 'Those of them that are on topic.' }),
    precision: z
      .number()
      .meta({ description: '`up` of `judged`; absent where nothing is judged.' })
      .optional(),
    won: z.int().meta({ description: 'Comparisons in which its set was the better one.' }),
    lost: z.int(),
    equal: z.int(),
  })
  .register(components, { id: 'LabelSummary' });

export const labelsSchema = z
  .object({
    judgments: z
      .array(judgmentSchema)
      .meta({ description: 'What counts: the last on each thing, without what was taken back.' }),
    methods: z.array(summarySchema).meta({ description: 'What all labels say of methods.' }),
    task: z
      .object({
        queries: z.array(z.string()).meta({ description: 'In the order in which they are asked.' }),
        methods: z.tuple([method, method]),
        k: z.int(),
        seed: z.int().meta({ description: 'Decides which set stands on the left.' }),
        next: z.string().meta({ description: 'The command that compiles from what was labelled.' }),
      })
      .meta({ description: 'What `r4t label` asks about; absent in other services.' })
      .register(components, { id: 'LabelTask' })
      .optional(),
  })
  .register(components, { id: 'Labels' });

export type LabelsRequest = z.input<typeof labelsRequestSchema>;
export type LabelsResponse = z.output<typeof labelsResponseSchema>;
export type LabelsAnswer = z.output<typeof labelsSchema>;
export type LabelTask = NonNullable<LabelsAnswer['task']>;
