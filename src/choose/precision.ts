/** Whether a set diffusion that draws directions multiplies in 8 bits: on validation queries its sets must stay the same, and come sooner. */
import { median } from '../averages.js';
import type { HybridSpace } from '../baselines/hybridHits.js';
import type { SetSampler } from '../diffusion/setSampler.js';
import type { EmbeddedQueries } from '../environment.js';
import { type Matrix, rowRange } from '../matrix.js';
import { fannedOutSets } from '../retrieve/fannedOut.js';

/** The least share of items that must stay. */
const SAME = 0.99;

/** Queries asked at once, as a service does. */
const TOGETHER = 8;

/** What 8 bits change. */
export interface Int8Comparison {
  /** Queries asked. */
  readonly queries: number;
  /** Share of the sets' items that stay. */
  readonly same: number;
  /** How many times as quick, the median of the batches. */
  readonly timesAsQuick: number;
}

export interface CompareInt8Options {
  readonly queries: EmbeddedQueries;
  /** What the sets are searched in. */
  readonly space: HybridSpace;
  /** Rows that may be found (all). */
  readonly mask?: Uint8Array;
  readonly k: number;
  readonly seed: number;
  /** The model in either precision; it is released then. */
  readonly open: (int8: boolean) => Promise<Pick<SetSampler, 'sample' | 'release'>>;
  readonly signal?: AbortSignal;
}

export const isWorthIt = ({ same, timesAsQuick }: Int8Comparison): boolean =>
  same >= SAME && timesAsQuick > 1;

/** Asks the queries in both precisions, batch by batch in turns, so that other work on the machine slows down both. */
export async function compareInt8(options: CompareInt8Options): Promise<Int8Comparison> {
  const { queries, open, k, seed, signal } = options;
  const floats = await open(false);
  const codes = await open(true);
  try {
    const [count, ratios] = [queries.texts.length, [] as number[]];
    let same = 0;
    for (let start = 0; start < count; start += TOGETHER) {
      const end = Math.min(start + TOGETHER, count);
      const streams = queries.texts.slice(start, end);
      const request = { conditions: rowRange(queries.vectors, start, end), rows: k, seed, streams, signal };
      // A first call prepares what later ones find.
      if (start === 0) for (const model of [floats, codes]) await model.sample(request);
      const [usual, other] = [await timed(floats, request), await timed(codes, request)];
      ratios.push(usual.ms / other.ms);
      same += await sameItems(usual.directions, other.directions, options);
    }
    return { queries: count, same: same / (count * k), timesAsQuick: median(ratios) };
  } finally {
    await floats.release();
    await codes.release();
  }
}

async function timed(
  model: Pick<SetSampler, 'sample'>,
  request: Parameters<SetSampler['sample']>[0],
): Promise<{ directions: Matrix; ms: number }> {
  const started = performance.now();
  const directions = await model.sample(request);
  return { directions, ms: performance.now() - started };
}

/** Items that the sets of both have. */
async function sameItems(
  a: Matrix,
  b: Matrix,
  { space, k, mask, signal }: CompareInt8Options,
): Promise<number> {
  const sets = await Promise.all(
    [a, b].map((directions) => {
      const fanOuts = Array.from({ length: directions.rows / k }, (_, q) => ({
        directions: rowRange(directions, q * k, (q + 1) * k),
      }));
      return fannedOutSets(space, fanOuts, { k, mask, signal });
    }),
  );
  const [usual, other] = sets.map((all) => all.map(({ assigned }) => assigned.map(({ item }) => item)));
  return usual.reduce((sum, items, q) => sum + items.filter((item) => other[q].includes(item)).length, 0);
}
