/** The `reward.judge` setting: who says how relevant items are. */
import * as z from 'zod';
import { placeModel } from '../../encode/encoderSetting.js';
import { askedModel, hasPlace, noPlace } from '../../llm/modelSetting.js';
import { isPath, moduleSetting, placeModule, placePath } from '../../moduleSetting.js';
import type { JudgeFunction } from './judge.js';

const judgeFunction = z.custom<JudgeFunction>((value) => typeof value === 'function');
const model = z.string().min(1);

/** A language model over the network. */
const chat = z
  .strictObject({
    kind: z.literal('chat'),
    ...askedModel,
    /** Items of a question. */
    batchSize: z.int().min(1).max(100).default(20),
  })
  .refine(hasPlace, noPlace);

/** A model that reads a query and an item together, through the package `@huggingface/transformers`. */
const crossEncoder = z.strictObject({
  kind: z.literal('crossEncoder'),
  /** A folder, or the name of a model on the Hugging Face hub. */
  model,
  /** The 8-bit weights: a quarter of the size, faster, a little less exact. */
  quantized: z.boolean().default(false),
});

/** The last one: a module whose default export is a `JudgeFunction`. */
const KINDS = [chat, crossEncoder, moduleSetting] as const;
const NAMES = KINDS.map(({ shape }) => shape.kind.value).join(', ');

export const judgeSetting = z.union([
  judgeFunction,
  z.enum(['hybrid']),
  z.discriminatedUnion('kind', KINDS, { error: () => `expected one of ${NAMES}` }),
]);

export type JudgeSetting = z.output<typeof judgeSetting>;
export type ChatJudgeSetting = z.output<typeof chat>;
export type CrossEncoderSetting = z.output<typeof crossEncoder>;

/** The setting with the path in it placed, as `placeEncoder` does. */
export function placeJudge(setting: JudgeSetting, from: string, to?: string): JudgeSetting {
  if (typeof setting !== 'object' || setting.kind !== 'crossEncoder') return placeModule(setting, from, to);
  const place = placeModel(setting.model, from);
  return { ...setting, model: isPath(place) ? placePath(place, from, to) : place };
}

/** Who it is, for people who read its figures. */
export function judgeName(setting: JudgeSetting): string {
  if (typeof setting === 'function') return 'a function';
  if (typeof setting === 'string') return setting;
  return setting.kind === 'module' ? setting.path : setting.model;
}
