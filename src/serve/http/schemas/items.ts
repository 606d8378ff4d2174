/** Changes of the catalog. */
import * as z from 'zod';
import { components, LIMITS } from './shared.js';

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

export type ItemsRequest = z.input<typeof itemsRequestSchema>;
export type ItemsResponse = z.output<typeof itemsResponseSchema>;
