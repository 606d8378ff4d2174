/** The pointer on disk: `model.json` (sizes, and the standard of its sources) and one weights file a training state. */
import * as z from 'zod';
import type { Standard } from '../../candidates/candidates.js';
import { checkStandard } from '../../candidates/reader.js';
import { loadWeights, type Parameters } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import { readJson, writeJson } from '../../files.js';
import { type PointerConfig, pointerGraph } from './model.js';

/** What the weights belong to. */
export interface PointerModel {
  readonly config: PointerConfig;
  readonly standard: Standard;
}

const count = z.int().positive();
const schema = z.object({
  kind: z.literal('pointer'),
  config: z.object({ k: count, sources: count }),
  standard: z.object({ means: z.array(z.number()), deviations: z.array(z.number().positive()) }),
});

export async function savePointerModel(file: string, model: PointerModel): Promise<void> {
  await writeJson(file, { kind: 'pointer', ...model });
}

/** @throws InputError if the file is missing, damaged or of another version */
export async function loadPointerModel(file: string): Promise<PointerModel> {
  const result = schema.safeParse(await readJson(file));
  if (!result.success) throw new InputError('is not a pointer of r4t, or is damaged', { file });
  const { config, standard } = result.data;
  checkStandard(standard, file);
  return { config, standard };
}

/** @throws InputError if the file is missing, damaged or of another model */
export function loadPointerWeights(
  { config }: Pick<PointerModel, 'config'>,
  file: string,
): Promise<Parameters> {
  return loadWeights(file, pointerGraph(config).graph);
}
