/** Low-rank adapters in the files of PEFT (https://github.com/huggingface/peft). */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { type StoredTensor, writeSafetensors } from '../../../engine/index.js';
import { InputError } from '../../../errors.js';
import { readJson, writeError, writeJson } from '../../../files.js';
import { LORA_TARGETS, type LoraSettings, loraNames } from '../lora.js';
import type { WeightFile } from '../settings.js';
import { openTensors } from './huggingFace/weights.js';
import { readTensor } from './numberTypes.js';

/** Matrices under the names of `loraNames`: A [rank, in] and B [out, rank] of each weight that is adapted. */
export interface Adapter {
  readonly lora: LoraSettings;
  readonly tensors: Readonly<Record<string, StoredTensor>>;
  /** The model it belongs to: a path, or a name of the hub. */
  readonly baseModel?: string;
}

const WEIGHTS = 'adapter_model.safetensors';
const CONFIG = 'adapter_config.json';
const PREFIX = 'base_model.model.';

/** Writes a folder with adapter_model.safetensors and adapter_config.json, which `PeftModel.from_pretrained` reads. */
export async function writeAdapter(folder: string, adapter: Adapter): Promise<void> {
  const { lora, tensors, baseModel = null } = adapter;
  await mkdir(folder, { recursive: true }).catch((error: unknown) => {
    throw writeError(error, folder);
  });
  const named = Object.entries(tensors).map(([name, tensor]) => [PREFIX + name, tensor] as const);
  await writeSafetensors(join(folder, WEIGHTS), Object.fromEntries(named), { format: 'pt' });
  await writeJson(join(folder, CONFIG), {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: baseModel,
    r: lora.rank,
    lora_alpha: lora.alpha,
    target_modules: lora.targets,
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: false,
    inference_mode: true,
    use_rslora: false,
  });
}

const configFile = z.looseObject({
  peft_type: z.literal('LORA'),
  base_model_name_or_path: z.string().nullish(),
  r: z.int().positive(),
  lora_alpha: z.number().positive(),
  target_modules: z.array(z.enum(LORA_TARGETS)).min(1),
  bias: z.literal('none').optional(),
  fan_in_fan_out: z.literal(false).optional(),
  use_rslora: z.literal(false).optional(),
  use_dora: z.literal(false).optional(),
});

/**
 * Reads what `writeAdapter` or PEFT wrote, in float32.
 *
 * @throws InputError if a file is missing, damaged, or holds another kind of adapter
 */
export async function readAdapter(folder: string): Promise<Adapter> {
  const file = join(folder, CONFIG);
  const parsed = configFile.safeParse(await readJson(file));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new InputError(
      `${issue?.message ?? 'is not valid'}; plain LoRA on ${LORA_TARGETS.join(', ')} is read`,
      {
        file,
        field: issue?.path.join('.'),
      },
    );
  }
  const { r, lora_alpha, target_modules, base_model_name_or_path: baseModel } = parsed.data;
  const weights = join(folder, WEIGHTS);
  const { handle, tensors: parts } = await openTensors(weights);
  try {
    const tensors: Record<string, StoredTensor> = {};
    for (const [name, part] of parts) {
      if (!name.startsWith(PREFIX))
        throw new InputError(
          `tensor "${name}" does not begin with "${PREFIX}"; expected an adapter of PEFT`,
          {
            file: weights,
          },
        );
      tensors[name.slice(PREFIX.length)] = {
        shape: part.shape,
        data: await readTensor(handle, part, weights),
      };
    }
    const lora = { rank: r, alpha: lora_alpha, targets: target_modules };
    return { lora, tensors, ...(baseModel && { baseModel }) };
  } finally {
    await handle.close();
  }
}

/**
 * The weights with the adapter added: W + (alpha / rank) B A, computed when a tensor is read. Closing it closes the base.
 *
 * @throws InputError if the adapter has a matrix for no weight, half of one, or of another shape
 */
export function withAdapter(base: WeightFile, { lora, tensors, baseModel }: Adapter): WeightFile {
  const pairs = new Map(
    base.names.flatMap((name) => {
      const { A, B } = loraNames(name);
      const [a, b] = [tensors[A], tensors[B]];
      return a || b ? [[name, { a, b }] as const] : [];
    }),
  );
  const place = { file: baseModel === undefined ? 'the adapter' : `the adapter of ${basename(baseModel)}` };
  const known = new Set([...pairs.keys()].flatMap((name) => Object.values(loraNames(name))));
  const strange = Object.keys(tensors).find((name) => !known.has(name));
  if (strange !== undefined)
    throw new InputError(`tensor "${strange}" adapts no weight of this model; it belongs to another`, place);
  for (const [name, { a, b }] of pairs) {
    const [out, into] = base.shape(name);
    const expected = `[${lora.rank}, ${into}] and [${out}, ${lora.rank}]`;
    const found = `[${a?.shape.join(', ') ?? 'none'}] and [${b?.shape.join(', ') ?? 'none'}]`;
    if (found !== expected)
      throw new InputError(
        `has ${found} for "${name}"; expected ${expected}: it belongs to another model`,
        place,
      );
  }
  return {
    ...base,
    async read(name) {
      const weight = await base.read(name);
      const pair = pairs.get(name);
      if (!pair?.a || !pair.b) return weight;
      return addProduct(weight, pair.b.data, pair.a.data, lora.rank, lora.alpha / lora.rank);
    },
  };
}

/** weight [out, in] += scale * b [out, rank] a [rank, in], in place. */
function addProduct(
  weight: Float32Array,
  b: ArrayLike<number>,
  a: ArrayLike<number>,
  rank: number,
  scale: number,
): Float32Array {
  const columns = a.length / rank;
  const sum = new Float64Array(columns);
  for (let row = 0; row * columns < weight.length; row++) {
    sum.fill(0);
    for (let k = 0; k < rank; k++) {
      const factor = scale * (b[row * rank + k] as number);
      for (let i = 0; i < columns; i++) sum[i] = (sum[i] as number) + factor * (a[k * columns + i] as number);
    }
    for (let i = 0; i < columns; i++)
      weight[row * columns + i] = (weight[row * columns + i] as number) + (sum[i] as number);
  }
  return weight;
}
