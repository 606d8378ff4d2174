import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { tempFolder } from '../../../catalog/testing/tempFolder.js';
import { type StoredTensor, writeSafetensors } from '../../../engine/index.js';
import { CounterRandom } from '../../../random.js';
import { loraNames } from '../lora.js';
import { type Adapter, readAdapter, withAdapter, writeAdapter } from './adapter.js';
import { tinySettings, tinyWeights } from './testing/tinyModel.js';

const temp = tempFolder();
const settings = tinySettings('qwen2');
const base = tinyWeights(settings);
const lora = { rank: 3, alpha: 6, targets: ['q_proj', 'down_proj'] } as const;

const random = (name: string, ...shape: number[]): StoredTensor => ({
  shape,
  data: new CounterRandom(2, name).fillNormal(new Float32Array(shape.reduce((n, size) => n * size, 1))),
});

function makeAdapter(): Adapter & { tensors: Record<string, StoredTensor> } {
  const tensors: Record<string, StoredTensor> = {};
  for (const name of base.names) {
    if (!lora.targets.some((target) => name.endsWith(`${target}.weight`))) continue;
    const [out = 0, into = 0] = base.shape(name);
    const { A, B } = loraNames(name);
    tensors[A] = random(A, lora.rank, into);
    tensors[B] = random(B, out, lora.rank);
  }
  return { lora, tensors, baseModel: './base.gguf' };
}

it('is read as written, under the names of PEFT', async () => {
  const adapter = makeAdapter();
  const folder = temp.path('a');
  await writeAdapter(folder, adapter);
  expect(await readAdapter(folder)).toEqual(adapter);
  const config = JSON.parse(await readFile(`${folder}/adapter_config.json`, 'utf8'));
  expect(config).toMatchObject({
    peft_type: 'LORA',
    r: 3,
    lora_alpha: 6,
    target_modules: ['q_proj', 'down_proj'],
  });
  const header = (await readFile(`${folder}/adapter_model.safetensors`)).toString('latin1');
  expect(header).toContain('"base_model.model.model.layers.1.mlp.down_proj.lora_A.weight"');
});

it('adds (alpha / rank) B A, and leaves all else', async () => {
  const adapter = makeAdapter();
  const tuned = withAdapter(base, adapter);
  for (const name of base.names) {
    const [before, after] = [await base.read(name), await tuned.read(name)];
    const { A, B } = loraNames(name);
    const [a, b] = [adapter.tensors[A], adapter.tensors[B]];
    if (!a || !b) {
      expect(after).toEqual(before);
      continue;
    }
    const columns = a.shape[1] as number;
    after.forEach((value, at) => {
      const [row, column] = [Math.floor(at / columns), at % columns];
      let product = 0;
      for (let k = 0; k < 3; k++)
        product += (b.data[row * 3 + k] as number) * (a.data[k * columns + column] as number);
      expect(value).toBeCloseTo((before[at] as number) + 2 * product, 5);
    });
  }
});

it('refuses what belongs to another model', () => {
  const of = (change: (tensors: Record<string, StoredTensor>) => void) => () => {
    const adapter = makeAdapter();
    change(adapter.tensors);
    return withAdapter(base, adapter);
  };
  const { A } = loraNames('model.layers.1.self_attn.q_proj.weight');
  expect(of((tensors) => delete tensors[A])).toThrow(
    'the adapter of base.gguf: has [none] and [32, 3] for "model.layers.1.self_attn.q_proj.weight"; expected [3, 32] and [32, 3]: it belongs to another model',
  );
  expect(
    of((tensors) => {
      tensors[A] = random('x', 3, 16);
    }),
  ).toThrow('has [3, 16] and [32, 3]');
  expect(
    of((tensors) => {
      tensors['model.layers.9.mlp.up_proj.lora_A.weight'] = random('x', 3, 32);
    }),
  ).toThrow('tensor "model.layers.9.mlp.up_proj.lora_A.weight" adapts no weight of this model');
});

it('refuses other kinds of adapters', async () => {
  const folder = temp.path('b');
  await writeAdapter(folder, makeAdapter());
  const file = `${folder}/adapter_config.json`;
  const config = JSON.parse(await readFile(file, 'utf8'));
  await writeFile(file, JSON.stringify({ ...config, use_dora: true }));
  await expect(readAdapter(folder)).rejects.toThrow(
    /adapter_config\.json: field "use_dora": .*plain LoRA on q_proj/,
  );
  await writeFile(file, JSON.stringify({ ...config, target_modules: ['embed_tokens'] }));
  await expect(readAdapter(folder)).rejects.toThrow('field "target_modules.0"');
  await writeFile(file, JSON.stringify(config));
  await writeSafetensors(`${folder}/adapter_model.safetensors`, { other: random('x', 2, 2) });
  await expect(readAdapter(folder)).rejects.toThrow('tensor "other" does not begin with "base_model.model."');
});
