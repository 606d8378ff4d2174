/**
 * Sets to learn, of openmoji's names and subgroups for its tags as queries: drawn from the queries' 60 nearest items by a
 * maximal-marginal-relevance rule with Gumbel noise, a stand-in for a trained policy that is there at once.
 */
import { createRequire } from 'node:module';
import type { DiffusionData } from '../../src/diffusion/batches.js';
import { fitProjection, project } from '../../src/encode/projection.js';
import { UseLiteEncoder } from '../../src/encode/useLite.js';
import { dot, type Matrix, row, rowRange } from '../../src/matrix.js';
import { CounterRandom } from '../../src/random.js';

/** Items of a set, and sets a query. */
export const K = 10;
export const SETS = 16;
/** Queries that train, and those that are held out. */
export const TRAIN = 1500;
export const TEST = 240;
const NEAREST = 60;

export interface TagSets extends Embedded {
  /** Sets of all queries, those that train first, [queries, SETS, K]. */
  readonly rows: Int32Array;
  /** What a diffusion learns from. */
  readonly data: DiffusionData;
  /** Embeddings of the queries that are held out. */
  readonly held: Matrix;
}

export async function tagSets(threads: number): Promise<TagSets> {
  const embedded = await embeddings(threads);
  const { items, queries } = embedded;
  const rows = new Int32Array((TRAIN + TEST) * SETS * K);
  for (let query = 0; query < TRAIN + TEST; query++) {
    const near = nearestItems(items, row(queries, query));
    for (let i = query * SETS; i < (query + 1) * SETS; i++)
      rows.set(drawSet(items, near, new CounterRandom(1, 'set', i)), i * K);
  }
  const data = {
    conditions: rowRange(queries, 0, TRAIN),
    table: items,
    rows: rows.subarray(0, TRAIN * SETS * K),
    queryOf: Int32Array.from({ length: TRAIN * SETS }, (_, i) => Math.floor(i / SETS)),
  };
  return { ...embedded, rows, data, held: rowRange(queries, TRAIN, TRAIN + TEST) };
}

interface OpenMoji {
  readonly annotation: string;
  readonly subgroups: string;
  readonly group: string;
  readonly skintone: string;
  readonly tags: string;
  readonly openmoji_tags: string;
}

interface Embedded {
  readonly items: Matrix;
  readonly titles: readonly string[];
  readonly queries: Matrix;
  readonly texts: readonly string[];
}

async function embeddings(threads: number): Promise<Embedded> {
  const { openmojis } = createRequire(import.meta.url)('openmoji') as { openmojis: readonly OpenMoji[] };
  const kept = openmojis.filter((e) => !e.skintone && !/^(flags|component|extras)/.test(e.group));
  const tags = new Set(kept.flatMap((e) => `${e.tags},${e.openmoji_tags}`.toLowerCase().split(/\s*,\s*/)));
  tags.delete('');
  const chosen = new CounterRandom(1, 'queries').shuffle([...tags]).slice(0, TRAIN + TEST);
  const encoder = await UseLiteEncoder.load({ threads });
  const titles = kept.map((e) => `${e.annotation}, ${e.subgroups}`);
  const said = await encoder.encode(titles);
  const asked = await encoder.encode(chosen);
  await encoder.release();
  const projection = await fitProjection([said, rowRange(asked, 0, TRAIN)], { d: 128, threads });
  return {
    items: await project(projection, said),
    titles,
    queries: await project(projection, asked),
    texts: chosen,
  };
}

interface Near {
  readonly item: number;
  readonly cosine: number;
}

/** Ten of the near items, one by one: close to the query, far from those chosen, perturbed by Gumbel noise. */
function drawSet(items: Matrix, near: readonly Near[], random: CounterRandom): number[] {
  const left = near.map((item) => ({ ...item, repeated: 0 }));
  const chosen: number[] = [];
  while (chosen.length < K) {
    const scores = left.map(
      ({ cosine, repeated }) =>
        0.6 * cosine - 0.4 * repeated - 0.05 * Math.log(-Math.log(random.uniform() + 1e-12)),
    );
    const [{ item: best }] = left.splice(scores.indexOf(Math.max(...scores)), 1);
    chosen.push(best);
    for (const other of left)
      other.repeated = Math.max(other.repeated, dot(row(items, other.item), row(items, best)));
  }
  return chosen;
}

function nearestItems(items: Matrix, query: Float32Array): Near[] {
  const all = Array.from({ length: items.rows }, (_, item) => ({
    item,
    cosine: dot(query, row(items, item)),
  }));
  return all.sort((a, b) => b.cosine - a.cosine).slice(0, NEAREST);
}
