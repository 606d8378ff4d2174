/** The `policy` settings of a language model that Soft-GRPO tunes in this process. */
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import * as z from 'zod';
import { isPath, placePath } from '../../moduleSetting.js';
import { LORA_TARGETS } from './lora.js';

const lora = z.strictObject({
  rank: z.int().positive().default(16),
  alpha: z.number().positive().default(32),
  /** The matrices that are adapted (all of a block's). */
  targets: z
    .array(z.enum(LORA_TARGETS))
    .min(1)
    .default([...LORA_TARGETS]),
});

export const pretrainedShape = {
  kind: z.literal('pretrained'),
  /** A GGUF file, a folder with config.json and safetensors, or a model of the Hugging Face hub. */
  model: z.string().min(1),
  lora: lora.prefault({}),
  /** Whether training computes each block of the model once more for its gradients: less memory, more time. */
  recompute: z.boolean().default(false),
  /** Reference sets of training queries that every prompt shows as examples. */
  examples: z.int().min(0).max(20).default(0),
  /** Path of recorded fan-outs, which the warm-up learns to write in place of the titles of reference sets. */
  fanOuts: z.string().min(1).optional(),
  /** Steps of learning to write the recorded fan-outs, or the titles of reference sets, where there are any. */
  warmStartSteps: z.int().min(0).default(60),
  steps: z.int().min(0).default(40),
};

/** The setting with the path in it placed, as `placeEncoder` does; a name of the hub stays one. */
export function placePretrained<T extends { readonly kind: string }>(
  setting: T,
  from: string,
  to?: string,
): T {
  if (setting.kind !== 'pretrained') return setting;
  const { model } = setting as T & { readonly model: string };
  const path = resolve(from, model);
  const local = isPath(model) || statSync(path, { throwIfNoEntry: false }) !== undefined;
  return local ? { ...setting, model: placePath(model, from, to) } : setting;
}

/** The file that tells one local model from another; undefined for one of the hub, which its name tells. */
export function modelFile(model: string): string | undefined {
  if (!isPath(model)) return undefined;
  return statSync(model, { throwIfNoEntry: false })?.isDirectory() ? join(model, 'config.json') : model;
}
