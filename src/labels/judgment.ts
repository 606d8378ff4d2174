/** What a person said of items and sets: the lines of a labels folder, and the bodies of the service's requests. */
import * as z from 'zod';
import { MAX_QUERY_LENGTH } from '../catalog/validateQuery.js';
import { METHOD_NAMES } from '../retrieve/methodNames.js';

/** Most items of one set, most judgments of one request. */
export const [MOST_ITEMS, MOST_JUDGMENTS] = [100, 1000];

const id = z
  .string()
  .min(1)
  .max(64)
  .meta({ description: 'Chosen by the caller, such as a UUID: sent again, it is recorded once.' })
  .optional();
const query = z
  .string()
  .trim()
  .min(1, 'is empty; write what was searched for')
  .max(MAX_QUERY_LENGTH - 1);
const itemId = z.string().min(1).max(1000);
const items = z.array(itemId).min(1).max(MOST_ITEMS);
const method = z.enum(METHOD_NAMES);
const verdict = z
  .enum(['up', 'down', 'none'])
  .meta({ description: '`up`: on topic; `down`: not; `none`: takes back what was said before.' });

const itemJudgment = z.strictObject({
  id,
  query,
  item: itemId.meta({ description: 'Id of the item that was judged.' }),
  verdict,
  method: method.meta({ description: 'The method that showed it.' }).optional(),
});
const setJudgment = z.strictObject({
  id,
  query,
  items: items.meta({ description: 'Ids of the set that was judged as a whole, in the order shown.' }),
  verdict,
  method: method.meta({ description: 'The method that found it.' }),
});
const shownSet = z.strictObject({
  method,
  items: z.array(itemId).max(MOST_ITEMS).meta({ description: 'Ids in the order shown.' }),
});
const choice = z
  .strictObject({
    id,
    query,
    sets: z.tuple([shownSet, shownSet]).meta({ description: 'Two sets, in the order they were shown.' }),
    better: z.union([method, z.literal('equal')]).meta({ description: 'The method of the better set.' }),
  })
  .refine(({ sets: [a, b] }) => a.method !== b.method, {
    path: ['sets'],
    message: 'are both of one method; compare two',
  })
  .refine(({ sets, better }) => better === 'equal' || sets.some((set) => set.method === better), {
    path: ['better'],
    message: 'is a method of neither set',
  });

/** On an item, on a set as a whole, or between two sets. */
export const judgmentSchema = z.union([itemJudgment, setJudgment, choice]);

/** A judgment as it stands in `judgments.jsonl`. */
export const recordSchema = z
  .looseObject({
    at: z.string(),
    run: z.string().optional(),
  })
  .transform(({ at, run, ...rest }, context) => {
    const { success, data, error } = judgmentSchema.safeParse(rest);
    if (success) return { judgment: data, at, run };
    context.addIssue({ code: 'custom', message: error.issues[0].message });
    return z.NEVER;
  });

export type ItemJudgment = z.output<typeof itemJudgment>;
export type SetJudgment = z.output<typeof setJudgment>;
export type Choice = z.output<typeof choice>;
export type Judgment = z.output<typeof judgmentSchema>;
export type Verdict = z.output<typeof verdict>;
