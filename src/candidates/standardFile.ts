/** A standard as model files hold it. */
import * as z from 'zod';
import { InputError } from '../errors.js';
import { SOURCES, type Standard } from './candidates.js';

export const standardSchema = z
  .object({
    /** Runs before there were names have none. */
    sources: z.array(z.string()).default([]),
    means: z.array(z.number()),
    deviations: z.array(z.number().positive()),
  })
  .refine(({ means, deviations }) => means.length === deviations.length);

/** @throws InputError where the model of the file reads other sources than these, as another version's may */
export function checkStandard({ sources, means }: Standard, file: string): void {
  if (`${sources}` === `${SOURCES}` && means.length === SOURCES.length) return;
  throw new InputError(
    'reads other sources of a candidate than this version of r4t; compile again with --force',
    { file },
  );
}
