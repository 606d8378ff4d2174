/** The `policy` settings of language models that write fan-outs, and are used as they are. */
import * as z from 'zod';
import { askedModel, hasPlace, noPlace } from '../../llm/modelSetting.js';
import { placePath } from '../../moduleSetting.js';

const prompt = {
  /** What the model is told to write; see `INSTRUCTION`. */
  instruction: z.string().min(1).optional(),
  /** Reference sets of training queries that the prompt shows as examples. */
  examples: z.int().min(0).max(20).default(4),
};

/** A language model over the network. */
const chat = z
  .strictObject({
    kind: z.literal('chat'),
    ...askedModel,
    /** One endpoint, or several that serve the same model. */
    baseUrl: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
    ...prompt,
    /** `lines`: it is asked as a model is that a run tunes, and answers so. */
    answers: z.literal('lines').optional(),
  })
  .refine(hasPlace, noPlace);

/** One on disk, in this process, through the package `node-llama-cpp`. */
const gguf = z.strictObject({
  kind: z.literal('gguf'),
  /** Path of the file. */
  model: z.string().min(1),
  ...prompt,
  /** Fan-outs written at the same time. */
  concurrency: z.int().positive().default(4),
});

/** What one has written before. */
const recorded = z.strictObject({ kind: z.literal('recorded'), path: z.string().min(1) });

export const WRITTEN_KINDS = [chat, gguf, recorded] as const;

export type ChatPolicySetting = z.output<typeof chat>;
export type GgufPolicySetting = z.output<typeof gguf>;
export type WrittenPolicySetting = z.output<(typeof WRITTEN_KINDS)[number]>;

const FILES = { gguf: 'model', recorded: 'path' } as const;

/** The setting that names a file, by the kind of policy; undefined where none does. */
export function fileOf(setting: {
  readonly kind: string;
}): { readonly name: string; readonly path: string } | undefined {
  const name = FILES[setting.kind as keyof typeof FILES] as string | undefined;
  const path = name === undefined ? undefined : (setting as Readonly<Record<string, unknown>>)[name];
  return name !== undefined && typeof path === 'string' ? { name, path } : undefined;
}

/** The setting with the paths in it placed, as `placeModule` does. */
export function placePolicy<T extends { readonly kind: string; readonly fanOuts?: string }>(
  setting: T,
  from: string,
  to?: string,
): T {
  const file = fileOf(setting);
  const { fanOuts } = setting;
  return {
    ...setting,
    ...(file && { [file.name]: placePath(file.path, from, to) }),
    ...(fanOuts !== undefined && { fanOuts: placePath(fanOuts, from, to) }),
  };
}
