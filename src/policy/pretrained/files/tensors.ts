/** The tensors a model of given settings has, in the names and layout of Hugging Face. */
import { InputError } from '../../../errors.js';
import type { LanguageModelSettings } from '../settings.js';

/** Names with shapes, in the order in which they are best written: the table, the layers, the end. */
export function expectedTensors(settings: LanguageModelSettings): ReadonlyMap<string, readonly number[]> {
  const { width, heads, keyValueHeads, headWidth, feedForwardWidth, vocabularySize, architecture } = settings;
  const [queries, keys] = [heads * headWidth, keyValueHeads * headWidth];
  const tensors = new Map<string, readonly number[]>([
    ['model.embed_tokens.weight', [vocabularySize, width]],
  ]);
  for (let layer = 0; layer < settings.layers; layer++) {
    const add = (name: string, ...shape: number[]) => tensors.set(`model.layers.${layer}.${name}`, shape);
    add('input_layernorm.weight', width);
    for (const [name, rows] of [['q', queries] as const, ['k', keys] as const, ['v', keys] as const]) {
      add(`self_attn.${name}_proj.weight`, rows, width);
      if (architecture === 'qwen2') add(`self_attn.${name}_proj.bias`, rows);
    }
    if (architecture === 'qwen3' || architecture === 'gemma3') {
      add('self_attn.q_norm.weight', headWidth);
      add('self_attn.k_norm.weight', headWidth);
    }
    add('self_attn.o_proj.weight', width, queries);
    add('post_attention_layernorm.weight', width);
    if (architecture === 'gemma3') {
      add('pre_feedforward_layernorm.weight', width);
      add('post_feedforward_layernorm.weight', width);
    }
    add('mlp.gate_proj.weight', feedForwardWidth, width);
    add('mlp.up_proj.weight', feedForwardWidth, width);
    add('mlp.down_proj.weight', width, feedForwardWidth);
  }
  tensors.set('model.norm.weight', [width]);
  if (!settings.tiedEmbeddings) tensors.set('lm_head.weight', [vocabularySize, width]);
  return tensors;
}

/**
 * Checks that every tensor is there in its shape.
 *
 * @param shapeOf - of the file, by the name of Hugging Face; undefined where absent
 * @param nameOf - how the file calls it
 * @throws InputError that names the first one that is not
 */
export function checkTensors(
  settings: LanguageModelSettings,
  shapeOf: (name: string) => readonly number[] | undefined,
  file: string,
  nameOf = (name: string) => name,
): void {
  for (const [name, expected] of expectedTensors(settings)) {
    const found = shapeOf(name);
    if (!found)
      throw new InputError(
        `lacks tensor "${nameOf(name)}" [${expected}]; expected one of architecture ${settings.architecture} with ${settings.layers} layers`,
        { file },
      );
    if (found.length !== expected.length || found.some((n, i) => n !== expected[i]))
      throw new InputError(
        `tensor "${nameOf(name)}" has shape [${found}]; expected [${expected}] by the sizes that the model's settings name`,
        { file },
      );
  }
}
