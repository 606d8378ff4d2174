/** The `reward.judge` setting: who says how relevant items are. */
import * as z from 'zod';
import { moduleSetting } from '../../moduleSetting.js';
import type { JudgeFunction } from './judge.js';

const judgeFunction = z.custom<JudgeFunction>((value) => typeof value === 'function');

/** Also a module whose default export is a `JudgeFunction`. */
export const judgeSetting = z.union([judgeFunction, z.enum(['hybrid']), moduleSetting]);

export type JudgeSetting = z.output<typeof judgeSetting>;
