/** What people's labels say of a model in the course of its training. */
import { mean } from '../averages.js';
import type { SetQuality, ShownSet } from './setQuality.js';

/** Validation queries that are asked now and then: the first of them, the same for models and baselines. */
export const PROBED_QUERIES = 100;

/** As `metrics.jsonl` names them; nobody's labels, no figures. */
export type ProbeFigures = Readonly<Partial<Record<'validation.alphaNdcg' | 'validation.precision', number>>>;

/** Mean alpha-nDCG@k and P@k of sets for the first of the quality's queries; none where the quality is no label metric. */
export async function probeFigures(
  quality: SetQuality | undefined,
  sets: readonly ShownSet[],
): Promise<ProbeFigures> {
  if (!quality?.precisionOf || sets.length === 0) return {};
  return {
    'validation.alphaNdcg': mean(await quality.of(sets)),
    'validation.precision': mean(quality.precisionOf(sets)),
  };
}
