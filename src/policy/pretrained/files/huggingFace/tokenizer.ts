/** The tokenizer's files of a folder of Hugging Face. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { InputError } from '../../../../errors.js';
import { readJson } from '../../../../files.js';
import type { TokenizerConfig, TokenizerFiles, TokenizerJson } from '../tokenizer/tokenizerFiles.js';

const step = z
  .looseObject({ type: z.string() })
  .nullish()
  .transform((value) => value ?? null);

const tokenizerJson = z.looseObject({
  added_tokens: z
    .array(
      z.looseObject({ id: z.int().nonnegative(), content: z.string(), special: z.boolean().default(false) }),
    )
    .default([]),
  normalizer: step,
  pre_tokenizer: step,
  post_processor: step,
  decoder: step,
  model: z.looseObject({
    type: z.string().default('BPE'),
    vocab: z.record(z.string(), z.int().nonnegative()),
    merges: z.array(z.union([z.string(), z.tuple([z.string(), z.string()])])),
  }),
});

const token = z.union([z.string(), z.looseObject({ content: z.string() }), z.null()]).optional();

const tokenizerConfig = z.looseObject({
  bos_token: token,
  eos_token: token,
  unk_token: token,
  pad_token: token,
  add_bos_token: z.boolean().optional(),
  chat_template: z
    .union([z.string(), z.array(z.object({ name: z.string(), template: z.string() }))])
    .optional(),
});

/**
 * Reads `tokenizer.json`, and where they are there `tokenizer_config.json` and `chat_template.jinja`.
 *
 * @throws InputError if the first is missing or one is not valid
 */
export async function readTokenizerFiles(folder: string): Promise<TokenizerFiles> {
  const json: TokenizerJson = check(
    tokenizerJson,
    await readJson(join(folder, 'tokenizer.json')),
    join(folder, 'tokenizer.json'),
  );
  const file = join(folder, 'tokenizer_config.json');
  const config: TokenizerConfig = (await exists(file))
    ? check(tokenizerConfig, await readJson(file), file)
    : {};
  const template = join(folder, 'chat_template.jinja');
  return {
    json,
    config: (await exists(template))
      ? { ...config, chat_template: await readFile(template, 'utf8') }
      : config,
  };
}

function check<T>(schema: z.ZodType<T>, value: unknown, file: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const advice = 'expected the tokenizer of a model with byte-pair encoding';
  throw new InputError(`${issue?.message ?? 'is not valid'}; ${advice}`, {
    file,
    field: issue?.path.join('.'),
  });
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
