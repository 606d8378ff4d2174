import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../../catalog/testing/tempFolder.js';
import { encodeSafetensors, type StoredTensor, writeSafetensors } from '../../../engine/index.js';
import { InputError } from '../../../errors.js';
import { writeGguf, writeSafetensorsModel } from './exportModel.js';
import { encodeGgufHeader, type Field, type TensorEntry } from './gguf/writeHeader.js';
import { openLanguageModel } from './open.js';
import { tinyModel } from './testing/tinyModel.js';

const temp = tempFolder();
const model = tinyModel('qwen2');
const whole = temp.path('whole');
const INDEX = 'model.safetensors.index.json';

beforeAll(() => writeSafetensorsModel(whole, model));

/** A copy of the model's folder, to be changed. */
async function copy(name: string): Promise<string> {
  await cp(whole, temp.path(name), { recursive: true });
  return temp.path(name);
}

async function storedTensors(rename = (name: string) => name): Promise<[string, StoredTensor][]> {
  const { weights } = model;
  return Promise.all(
    weights.names.map(
      async (name) => [rename(name), { shape: weights.shape(name), data: await weights.read(name) }] as const,
    ),
  ) as Promise<[string, StoredTensor][]>;
}

/** Splits the weights over three files. */
async function shard(folder: string): Promise<string[]> {
  const tensors = await storedTensors();
  const files = [1, 2, 3].map((n) => `model-0000${n}-of-00003.safetensors`);
  const fileOf = (i: number) => files[i % 3] as string;
  for (const [f, file] of files.entries())
    await writeSafetensors(`${folder}/${file}`, Object.fromEntries(tensors.filter((_, i) => i % 3 === f)));
  const weight_map = Object.fromEntries(tensors.map(([name], i) => [name, fileOf(i)]));
  await writeFile(`${folder}/${INDEX}`, JSON.stringify({ metadata: {}, weight_map }));
  await rm(`${folder}/model.safetensors`);
  return files;
}

async function expectSame(folder: string): Promise<void> {
  const { weights } = await openLanguageModel(folder);
  for (const name of model.weights.names)
    expect(await weights.read(name)).toEqual(await model.weights.read(name));
  expect(() => weights.shape('model.layers.5.mlp.up_proj.weight')).toThrow(RangeError);
  await weights.close();
}

it('reads shards', async () => {
  const folder = await copy('shards');
  await shard(folder);
  await expectSame(folder);
  await expectSame(`${folder}/config.json`);
});

it('names the shards that are missing', async () => {
  const folder = await copy('missing');
  const [first, , third] = await shard(folder);
  await rm(`${folder}/${first}`);
  await rm(`${folder}/${third}`);
  await expect(openLanguageModel(folder)).rejects.toThrow(
    `${folder}: lacks 2 of 3 shards: ${first}, ${third}; download them too`,
  );
});

it.each([
  (name: string) => `language_model.${name}`,
  (name: string) => name.replace('model.', 'model.language_model.'),
])('finds a language model inside a larger one (%#)', async (renamed) => {
  const folder = await copy(`inside-${renamed('model.x')}`);
  const tensors = await storedTensors(renamed);
  tensors.push(['vision_tower.scale', { shape: [1], data: Float32Array.of(1) }]);
  await writeSafetensors(`${folder}/model.safetensors`, Object.fromEntries(tensors));
  await expectSame(folder);
});

it('takes the chat template from a file of its own', async () => {
  const folder = await copy('template');
  await writeFile(`${folder}/chat_template.jinja`, '{{ messages[0].content }}!');
  const { weights, tokenizer } = await openLanguageModel(folder);
  expect(tokenizer.decode(tokenizer.chat([{ role: 'user', content: 'tea' }]))).toBe('tea!');
  await weights.close();
});

describe('one line says what is wrong', () => {
  const refused = async (path: string, message: string | RegExp) => {
    await expect(openLanguageModel(path)).rejects.toThrow(InputError);
    await expect(openLanguageModel(path)).rejects.toThrow(message);
  };

  it('with a path', async () => {
    await refused(temp.path('none.gguf'), 'none.gguf: does not exist; check the path');
    await refused(temp.path('none'), 'none/config.json: does not exist; check the path');
  });

  it('with the files of a folder', async () => {
    const folder = await copy('wrong');
    const change = async (file: string, content: string | Uint8Array) => {
      await rename(`${folder}/${file}`, `${folder}/kept`);
      await writeFile(`${folder}/${file}`, content);
      return () => rename(`${folder}/kept`, `${folder}/${file}`);
    };
    let restore = await change('tokenizer.json', '{"model": {"type": "Unigram", "vocab": []}}');
    await refused(folder, /tokenizer\.json: field "model\.vocab": .*byte-pair encoding/);
    await restore();
    restore = await change('tokenizer_config.json', '{"chat_template": "{% for %}"}');
    await refused(folder, /tokenizer\.json: has a chat template that cannot be read \(.+\)/);
    await restore();
    const [first, ...rest] = await storedTensors();
    restore = await change('model.safetensors', encodeSafetensors(Object.fromEntries(rest)));
    await refused(
      folder,
      'lacks tensor "model.embed_tokens.weight" [300,32]; expected one of architecture qwen2 with 2 layers',
    );
    await restore();
    const small = [first?.[0] as string, { shape: [2, 32], data: new Float32Array(64) }] as const;
    restore = await change('model.safetensors', encodeSafetensors(Object.fromEntries([small, ...rest])));
    await refused(folder, 'tensor "model.embed_tokens.weight" has shape [2,32]; expected [300,32]');
    await restore();
    const whole = [first?.[0] as string, { shape: [300, 32], data: new Int32Array(9600) }] as const;
    restore = await change('model.safetensors', encodeSafetensors(Object.fromEntries([whole, ...rest])));
    await refused(
      folder,
      'tensor "model.embed_tokens.weight" is of type I32; types that are read: F32, F16, BF16',
    );
    await restore();
    await rm(`${folder}/model.safetensors`);
    await refused(folder, `has neither model.safetensors nor ${INDEX}`);
  });

  it('with a GGUF file', async () => {
    const file = temp.path('wrong.gguf');
    const tensor = (type: number, shape: number[]): TensorEntry => ({
      name: 'token_embd.weight',
      shape,
      type,
      byteLength: 0,
    });
    const write = (fields: Record<string, Field>, tensors: TensorEntry[] = []) =>
      writeFile(file, Buffer.concat([encodeGgufHeader(Object.entries(fields), tensors), Buffer.alloc(4096)]));
    const text = (value: string): Field => ({ type: 'string', value });

    await writeFile(file, 'PK\u0003\u0004 no model');
    await refused(file, 'is not a GGUF file (it does not begin with "GGUF")');
    await writeFile(file, Buffer.concat([Buffer.from('GGUF'), Buffer.of(0, 0, 0, 3), Buffer.alloc(64)]));
    await refused(file, 'is GGUF of version 50331648; versions 2 and 3, little-endian, are read');
    await write({ 'general.architecture': text('mamba') });
    await refused(file, 'is of architecture "mamba"; those that can be tuned: llama, qwen2, qwen3, gemma3');
    await write({ 'general.architecture': text('llama') });
    await refused(file, 'lacks the metadata "llama.embedding_length"');
    await write({ 'general.architecture': text('llama') }, [tensor(10, [1, 256])]);
    await refused(
      file,
      /tensor "token_embd\.weight" is of type Q2_K; types that are read: F32, F16, Q4_0, .*BF16/,
    );
    await write({ 'general.architecture': text('llama') }, [tensor(12, [4, 64])]);
    await refused(file, 'rows of tensor "token_embd.weight" of shape [4,64] are not whole blocks of 256');

    await writeGguf(file, model);
    const bytes = await readFile(file);
    const at = bytes.indexOf('blk.1.ffn_up.weight');
    bytes.write('blk.1.ffn_xp.weight', at);
    await writeFile(file, bytes);
    await refused(
      file,
      'lacks tensor "blk.1.ffn_up.weight" [64,32]; expected one of architecture qwen2 with 2 layers',
    );
    bytes.write('blk.1.ffn_up.weight', at);
    const pre = bytes.indexOf('smollm');
    bytes.write('strang', pre);
    await writeFile(file, bytes);
    await refused(
      file,
      'cuts texts by pre-tokenizer "strang"; those that are read: gpt-2, smollm, qwen2, llama-bpe',
    );
  });
});
