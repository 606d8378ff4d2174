/**
 * What a chosen set goes on with beyond its k items, for budgets and further pages: a model learns which items come first, and what it
 * says of the hundredth may be worth less than plain words. Chosen on validation queries by recall within the budget.
 */
import { rankerOf } from '../candidates/reader.js';
import { missingPart } from '../retrieve/findSets.js';
import type { MethodSpace, Rest } from '../retrieve/method.js';
import type { Method } from '../retrieve/methodNames.js';
import { answer, type TuneOptions } from './tune.js';

/** Baselines that rank a whole catalog, the plainest first. */
const RANKING: readonly Method[] = ['plain', 'bm25', 'hybrid', 'adapter', 'vote', 'classifier', 'popular'];

export interface ChooseRestOptions extends TuneOptions {
  /** B. */
  readonly budget: number;
}

/** The ranking that is to follow; undefined where the model's own is best. */
export async function chooseRest(
  space: MethodSpace,
  { quality, k, budget, seed, signal }: ChooseRestOptions,
): Promise<Rest | undefined> {
  const { recallOf, queries } = quality;
  const model = (['diffusion', 'folm'] as const).find(
    (method) => rankerOf(method === 'folm' ? space.policy : space.diffusion) !== undefined,
  );
  if (!recallOf || !model || budget <= k) return undefined;
  const recallWith = async (rest?: Rest): Promise<number> => {
    signal?.throwIfAborted();
    const placed = { method: model, space: { ...space, rest } };
    const sets = await answer(placed, queries, { k, budget, seed, signal });
    return recallOf(sets.map(({ retrieved = new Int32Array() }) => retrieved)).reduce((a, b) => a + b, 0);
  };
  let best = await recallWith();
  let chosen: Rest | undefined;
  for (const method of RANKING) {
    if (missingPart(space, method) !== undefined) continue;
    for (const byTurns of [true, false]) {
      const recall = await recallWith({ method, byTurns });
      if (recall > best) [best, chosen] = [recall, { method, byTurns }];
    }
  }
  return chosen;
}
