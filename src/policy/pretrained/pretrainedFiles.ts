/** A tuned model on disk: `model.json` (what the prompt shows, how the adapter is made) and one weights file a training state. */
import * as z from 'zod';
import { loadWeights, type Parameters } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import { readJson, writeJson } from '../../files.js';
import type { FanOutExample } from './fanOutText.js';
import { LORA_TARGETS, type LoraSettings } from './lora.js';

/** What the weights belong to; the model itself is named by the run's config. */
export interface TunedModel {
  readonly lora: LoraSettings;
  readonly examples: readonly FanOutExample[];
}

const schema = z.object({
  kind: z.literal('pretrained'),
  lora: z.object({
    rank: z.int().positive(),
    alpha: z.number().positive(),
    targets: z.array(z.enum(LORA_TARGETS)),
  }),
  examples: z.array(z.object({ query: z.string(), subQueries: z.array(z.string()) })),
});

export async function saveTunedModel(file: string, model: TunedModel): Promise<void> {
  await writeJson(file, { kind: 'pretrained', ...model });
}

/** @throws InputError if the file is missing, damaged or of another version */
export async function loadTunedModel(file: string): Promise<TunedModel> {
  const result = schema.safeParse(await readJson(file));
  if (!result.success) throw new InputError('is no tuned model of r4t, or is damaged', { file });
  return result.data;
}

/**
 * @param expected an adapter of the model, whose names and shapes the file's must have
 * @throws InputError if the file is missing, damaged or of another model
 */
export async function loadAdapter(file: string, expected: Parameters): Promise<Parameters> {
  const adapter = await loadWeights(file);
  for (const [name, { dims }] of expected) {
    if (adapter.get(name)?.dims.join() !== dims.join())
      throw new InputError(`has no tensor "${name}" of shape [${dims}]; it belongs to another model`, {
        file,
      });
  }
  return adapter;
}
