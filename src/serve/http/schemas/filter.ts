import * as z from 'zod';
import { FIELD_OPERATORS, type FilterInput, MAX_FILTER_LENGTH } from '../../../catalog/filter/filter.js';
import { components, LIMITS, scalar } from './shared.js';

const condition = z
  .strictObject({
    field: z.string().min(1).max(200),
    op: z.enum(FIELD_OPERATORS).meta({
      description: '`~` contains; `between` takes `[least, greatest]`; `missing` takes no value.',
    }),
    value: z
      .union([scalar, z.array(scalar).min(1).max(1000)], {
        error:
          'expected a text, number or boolean, or a list of 1 to 1000; for items without one write the op "missing"',
      })
      .optional(),
  })
  .meta({ description: 'A condition on a field; of a list of values one is enough.' });
const several = () => z.array(filterSchema).min(1).max(LIMITS.filters);
export const filterSchema: z.ZodType<FilterInput, FilterInput> = z
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

export type RequestFilter = FilterInput;
