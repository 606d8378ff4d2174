import type { Parameters, RuntimeOptions } from '../../engine/index.js';
import type { RunControl } from '../../progress.js';
import type { FanOutExample } from './fanOutText.js';
import { openLanguageModel } from './files/open.js';
import { LanguageModel, readWeights } from './languageModel.js';
import type { LoraSettings } from './lora.js';
import { PretrainedPolicy } from './pretrainedPolicy.js';

export interface OpenPretrainedOptions extends RunControl {
  /** Path, or a name of the Hugging Face hub. */
  readonly model: string;
  readonly k: number;
  readonly lora?: LoraSettings;
  /** Whether training computes each block once more for its gradients (false): less memory, more time. */
  readonly recompute?: boolean;
  /** The adapter's values (drawn by `seed`: those change nothing before they are trained). */
  readonly adapter?: Parameters;
  readonly examples?: readonly FanOutExample[];
  readonly seed?: number;
  readonly runtime?: RuntimeOptions;
}

/**
 * Opens a pretrained model as a policy.
 *
 * @throws InputError if the model is missing, damaged, of an architecture that is not known, or too large for the memory that is free
 *
 * @example
 * const policy = await openPretrained({ model: './SmolLM2-135M-Instruct.Q4_1.gguf', k: 10 });
 */
export async function openPretrained({
  model: path,
  k,
  lora,
  recompute,
  adapter,
  examples,
  seed,
  runtime,
  ...control
}: OpenPretrainedOptions): Promise<PretrainedPolicy> {
  const { weights, tokenizer } = await openLanguageModel(path);
  try {
    const frozen = await readWeights(weights, path, control);
    const model = LanguageModel.create({ settings: weights.settings, lora, recompute }, frozen, {
      adapter,
      seed,
      runtime,
    });
    return new PretrainedPolicy({ model, tokenizer, k, examples });
  } finally {
    await weights.close();
  }
}
