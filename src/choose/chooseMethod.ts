/** Compares every method of a run on its validation queries. */

import { mean } from '../averages.js';
import { comparePaired, relation } from '../evaluate/bootstrap.js';
import type { Progress, RunControl } from '../progress.js';
import { missingPart } from '../retrieve/findSets.js';
import type { MethodSpace } from '../retrieve/method.js';
import { METHOD_NAMES, type Method } from '../retrieve/methodNames.js';
import { bestBaselineOf, type Choice, doubtOf, type PerMethod, winner } from './choice.js';
import { chooseRest } from './chooseRest.js';
import { PROBED_QUERIES } from './probeFigures.js';
import { type Tuned, type TuneOptions, tune } from './tune.js';

export interface ChooseMethodOptions extends TuneOptions, RunControl {
  /** B: items that a recall counts. */
  readonly budget?: number;
}

/** Each method with the setting that suits it best; the highest mean wins, of equal ones the first of the table. */
export async function chooseMethod(
  space: MethodSpace,
  { onProgress, budget = 0, ...options }: ChooseMethodOptions,
): Promise<Choice> {
  const { metric, queries } = options.quality;
  const able = METHOD_NAMES.filter((method) => missingPart(space, method) === undefined);
  const tuned = new Map<Method, Tuned>();
  const report = (metrics: Progress['metrics'], warning?: string) =>
    onProgress?.({ stage: 'choose', done: tuned.size, total: able.length, metrics, warning });
  for (const method of able) {
    const found = await tune({ method, space }, options);
    tuned.set(method, found);
    // The last report says what came of it.
    if (tuned.size < able.length) report({ [method]: found.worth });
  }
  const each = (value: (found: Tuned) => number | undefined): PerMethod =>
    Object.fromEntries(
      [...tuned].flatMap(([method, found]) => {
        const number = value(found);
        return number === undefined ? [] : [[method, number]];
      }),
    );
  const values = each(({ worth }) => worth);
  const chosen = winner(new Map([...tuned].map(([method, { worth }]) => [method, worth]))) ?? 'plain';
  const rivals = new Set<Method>(['plain', bestBaselineOf(values)]);
  rivals.delete(chosen);
  const perQuery = (method: Method) => tuned.get(method)!.perQuery;
  const unclear = [...rivals].filter(
    (rival) => relation(comparePaired(perQuery(chosen), perQuery(rival))) !== 'above',
  );
  const settings = each(({ setting }) => setting);
  const rest = await chooseRest({ ...space, settings }, { ...options, budget });
  const choice: Choice = {
    metric,
    queries: queries.texts.length,
    values,
    settings,
    chosen,
    ...(rest && { rest }),
    ...(options.quality.precisionOf && {
      probes: {
        queries: Math.min(PROBED_QUERIES, queries.texts.length),
        alphaNdcg: each(({ perQuery }) => mean(perQuery.subarray(0, PROBED_QUERIES))),
        precision: each(({ precision }) => precision && mean(precision.subarray(0, PROBED_QUERIES))),
      },
    }),
    unclear,
  };
  report({ [chosen]: values[chosen] ?? 0 }, doubtOf(choice));
  return choice;
}
