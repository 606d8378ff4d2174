/** Step 2 of R4T: the frozen policy writes the diffusion model's training data (docs/paper.md, Synthesis). */
import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Checksum, checkFiles, checksumOf, readFileList, writeFileList } from '../checksums.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { concatRows, type Matrix, matrix, rowRange, type VectorTable } from '../matrix.js';
import { retrieveFanOuts } from '../policy/fanOut.js';
import type { Policy } from '../policy/policy.js';
import type { RunControl } from '../progress.js';
import { scoreFanOuts } from '../reward/evaluateReward.js';
import type { FanOut, RewardFunction } from '../reward/reward.js';
import { startOver } from '../run/runFolder.js';
import { readShard, type SynthesisShard, shardFile, writeShard } from './shard.js';

/** Rows of a target: content embeddings of the retrieved items (OAR), or sub-query embeddings (WSCR). */
export type TargetRows = 'items' | 'sub-queries';

export interface SynthesizeOptions extends RunControl {
  readonly policy: Policy;
  readonly world: RetrievalWorld;
  /** Training queries. */
  readonly queries: QueryBatch;
  readonly reward: RewardFunction;
  readonly rows: TargetRows;
  /** n: sets a query. */
  readonly samplesPerQuery: number;
  readonly temperature: number;
  readonly topP: number;
  /** B: items which all sub-queries of a completion retrieve together, for rewards which count them (absent: the best of each). */
  readonly budget?: number;
  readonly seed: number;
  /** Folder of the shards; those that exist are not made again. */
  readonly folder: string;
}

/** Queries a shard: small enough that little is lost by an interruption. */
export const QUERIES_PER_SHARD = 64;

/**
 * Samples every training query, shard by shard. A set's random stream is named by its query's text and its number, so a
 * shard made later, or again, holds the same sets.
 *
 * @throws DamagedFileError if a shard that was made earlier is damaged
 */
export async function synthesize(options: SynthesizeOptions): Promise<void> {
  const { queries, folder, signal, onProgress } = options;
  const total = queries.texts.length;
  const made = await shardsMade(folder);
  for (let start = 0; start < total; start += QUERIES_PER_SHARD) {
    signal?.throwIfAborted();
    const end = Math.min(start + QUERIES_PER_SHARD, total);
    const file = shardFile(folder, start / QUERIES_PER_SHARD);
    if (!made[basename(file)]) {
      await writeShard(file, await synthesizeRange(options, start, end));
      made[basename(file)] = await checksumOf(file);
      await writeFileList(folder, made);
    }
    onProgress?.({ stage: 'synthesis', done: end, total });
  }
}

/** The shards of an interrupted synthesis that are there; one that somebody deleted is made again. */
async function shardsMade(folder: string): Promise<Record<string, Checksum>> {
  const remedy = startOver(folder);
  const listed = Object.entries(await readFileList(folder, remedy));
  const made = Object.fromEntries(listed.filter(([name]) => existsSync(join(folder, name))));
  await checkFiles(folder, made, remedy);
  return made;
}

async function synthesizeRange(
  options: SynthesizeOptions,
  start: number,
  end: number,
): Promise<SynthesisShard> {
  const { policy, world, queries, reward, rows, budget, signal } = options;
  const batch: QueryBatch = {
    texts: queries.texts.slice(start, end),
    vectors: rowRange(queries.vectors, start, end),
    references: queries.references?.slice(start, end),
  };
  const completions = await policy.sample({
    queries: batch.texts,
    vectors: batch.vectors,
    samplesPerQuery: options.samplesPerQuery,
    temperature: options.temperature,
    topP: options.topP,
    seed: options.seed,
    streams: batch.texts.map((text) => `synthesis/${text}`),
    signal,
  });
  const fanOuts = await retrieveFanOuts(completions, batch, world, { budget, signal });
  const { rewards } = scoreFanOuts(fanOuts, reward);
  return {
    queryOf: Int32Array.from(completions, ({ query }) => start + query),
    rewards: Float32Array.from(rewards),
    ...(rows === 'items'
      ? { rows: Int32Array.from(fanOuts.flatMap((f) => [...f.retrieved])) }
      : subQueryRows(fanOuts)),
  };
}

/** Every distinct sub-query once, and the sets as numbers in that table. */
function subQueryRows(fanOuts: readonly FanOut[]): { rows: Int32Array; table: Matrix } {
  const numbers = new Map<string, number>();
  const parts: Matrix[] = [];
  const rows = fanOuts.flatMap(({ subQueries, subQueryVectors }) =>
    subQueries.map((text, i) => {
      const known = numbers.get(text);
      if (known !== undefined) return known;
      numbers.set(text, parts.length);
      return parts.push(rowRange(subQueryVectors, i, i + 1)) - 1;
    }),
  );
  return { rows: Int32Array.from(rows), table: concatRows(parts) };
}

/** All synthesised sets of a run, ready for training. */
export interface SynthesizedSets {
  readonly queryOf: Int32Array;
  readonly rows: Int32Array;
  readonly rewards: Float32Array;
  /** The vectors that `rows` number, [n, d]. */
  readonly table: VectorTable;
}

export interface ReadSetsOptions {
  readonly folder: string;
  /** How many queries were synthesised: says how many shards there are. */
  readonly queries: number;
  /** Content embeddings: the table where shards have none of their own. */
  readonly vectors: VectorTable;
  /** Sets whose reward lies below this quantile of their query's sets are left out (0 keeps all). */
  readonly rewardQuantile?: number;
}

/** Reads the shards back as one data set. */
export async function readSets({
  folder,
  queries,
  vectors,
  rewardQuantile = 0,
}: ReadSetsOptions): Promise<SynthesizedSets> {
  const count = Math.ceil(queries / QUERIES_PER_SHARD);
  const shards = await Promise.all(Array.from({ length: count }, (_, i) => readShard(shardFile(folder, i))));
  const tables: Matrix[] = [];
  let offset = 0;
  const numbered = shards.map((shard) => {
    if (!shard.table) return shard;
    const rows = shard.rows.map((r) => r + offset);
    tables.push(shard.table);
    offset += shard.table.rows;
    return { ...shard, rows };
  });
  const all: SynthesizedSets = {
    queryOf: concatInts(numbered.map((s) => s.queryOf)),
    rows: concatInts(numbered.map((s) => s.rows)),
    rewards: concatFloats(numbered.map((s) => s.rewards)),
    table: tables.length > 0 ? concatRows(tables) : vectors,
  };
  return rewardQuantile > 0 ? bestSets(all, rewardQuantile) : all;
}

/** The best sets of every query: each has its own threshold, or hard queries would go first. */
function bestSets({ queryOf, rows, rewards, table }: SynthesizedSets, quantile: number): SynthesizedSets {
  const k = rows.length / queryOf.length;
  const ofQuery = new Map<number, number[]>();
  queryOf.forEach((query, i) => {
    const sets = ofQuery.get(query);
    if (sets) sets.push(i);
    else ofQuery.set(query, [i]);
  });
  const kept = [...ofQuery.values()].flatMap((sets) => {
    const sorted = Float32Array.from(sets, (i) => rewards[i]).sort();
    const threshold = sorted[Math.min(sorted.length - 1, Math.floor(quantile * sorted.length))];
    return sets.filter((i) => rewards[i] >= threshold);
  });
  return {
    queryOf: Int32Array.from(kept, (i) => queryOf[i]),
    rows: concatInts(kept.map((i) => rows.subarray(i * k, (i + 1) * k))),
    rewards: Float32Array.from(kept, (i) => rewards[i]),
    table,
  };
}

function concatInts(parts: readonly Int32Array[]): Int32Array {
  const out = new Int32Array(parts.reduce((n, p) => n + p.length, 0));
  let offset = 0;
  for (const part of parts) {
    out.set(part, offset);
    offset += part.length;
  }
  return out;
}

const concatFloats = (parts: readonly Float32Array[]): Float32Array => {
  const columns = parts.map((data) => matrix(data.length, 1, data));
  return concatRows(columns).data;
};
