/** Settings of the methods, chosen on validation queries: a baseline that is not tuned is none. */

import type { LabelledQueries } from '../environment.js';
import type { MethodSettings } from '../retrieve/method.js';
import { METHODS } from '../retrieve/methods.js';
import { labelMetrics } from './labelMetrics.js';
import type { Labels } from './measure.js';
import { answer, type EvaluatedMethod } from './methods.js';

export interface TuneOptions {
  /** Validation queries, each with its reference set. */
  readonly validation: LabelledQueries;
  readonly labels: Labels;
  readonly k: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** A setting with what it is worth on the validation queries. */
export interface Tuned {
  readonly settings: MethodSettings;
  /** Mean alpha-nDCG@k; of methods without a setting too. */
  readonly worth: number;
}

/** The setting of a method with the highest alpha-nDCG@k on the validation queries, the first of equal ones. */
export async function tune({ method, space }: EvaluatedMethod, options: TuneOptions): Promise<Tuned> {
  const { validation, k, labels, seed, signal } = options;
  const { setting } = METHODS[method];
  let best: Tuned | undefined;
  for (const value of setting?.grid ?? [undefined]) {
    signal?.throwIfAborted();
    const settings = value === undefined ? space.settings : { ...space.settings, [method]: value };
    const found = await answer({ method, space: { ...space, settings } }, validation, { k, seed, signal });
    const worth = mean(
      found.map(({ assigned }, q) => {
        const retrieved = assigned.map(({ item }) => item);
        const reference = labels.referenceOf(validation.references[q]);
        return labelMetrics({ retrieved, reference, k, aspectOf: labels.aspectOf }).alphaNdcgAtK;
      }),
    );
    if (!best || worth > best.worth) best = { settings, worth };
  }
  return best!;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
