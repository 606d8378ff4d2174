/** How much a set diffusion that ranks candidates denoises, chosen on validation queries: many sets need little of it, or none. */
import type { CandidateRanker, ReadQueries } from '../candidates/reader.js';
import type { VectorTable } from '../matrix.js';
import type { SetQuality, ShownSet } from './setQuality.js';

/** Denoising steps, and sets drawn for a query. Without steps nothing is drawn: the order of the candidates answers. */
export interface Sampling {
  readonly steps: number;
  readonly draws: number;
}

/** From the quickest to the most thorough. */
export const SAMPLINGS: readonly Sampling[] = [
  { steps: 0, draws: 16 },
  { steps: 1, draws: 1 },
  { steps: 3, draws: 16 },
];

/** Those of `SAMPLINGS` that are left by what is set already, each once, the quickest first. */
export function samplingsWith({ steps, draws }: Partial<Sampling>): Sampling[] {
  const cost = (sampling: Sampling) => sampling.steps * sampling.draws;
  return SAMPLINGS.map((sampling) => ({ steps: steps ?? sampling.steps, draws: draws ?? sampling.draws }))
    .sort((a, b) => cost(a) - cost(b))
    .filter((sampling, i, all) => i === 0 || cost(sampling) > cost(all[i - 1]));
}

/** A quicker one may be worse by this share: less than the queries can tell. */
const SLACK = 0.01;

/** A model that is asked once. */
export type OpenRanker = CandidateRanker & { release(): Promise<void> };

export interface RankedSetsOptions {
  /** Queries with their candidates, and their texts, which name their noise. */
  readonly read: ReadQueries;
  readonly texts: readonly string[];
  /** Content embeddings, unit rows [items, d]. */
  readonly vectors: VectorTable;
  readonly k: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
}

/** The sets that a model ranks first; it is released then. */
export async function rankedSets(
  model: OpenRanker,
  { texts, k, ...options }: RankedSetsOptions,
): Promise<ShownSet[]> {
  try {
    const rankings = await model.rank({ ...options, rows: k, depth: k, streams: texts });
    return rankings.map((ranking) => ({
      assigned: Array.from(ranking.subarray(0, k), (item) => ({ item })),
    }));
  } finally {
    await model.release();
  }
}

export interface ChooseSamplingOptions extends Omit<RankedSetsOptions, 'texts'> {
  /** The samplings to choose from, the quickest first. */
  readonly from: readonly Sampling[];
  readonly open: (sampling: Sampling) => OpenRanker;
  readonly quality: SetQuality;
}

/** The quickest sampling that is as good as the best. */
export async function chooseSampling({
  from,
  open,
  quality,
  ...options
}: ChooseSamplingOptions): Promise<Sampling> {
  const { texts } = quality.queries;
  const worth: number[] = [];
  for (const sampling of from) {
    const perQuery = await quality.of(await rankedSets(open(sampling), { ...options, texts }));
    worth.push(perQuery.reduce((sum, value) => sum + value, 0));
  }
  const best = Math.max(...worth);
  // A reward of one's own may be below 0.
  const enough = best - SLACK * Math.abs(best);
  return from[worth.findIndex((value) => value >= enough)];
}
