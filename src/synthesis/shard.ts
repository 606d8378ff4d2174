/** How synthesised sets are stored: a shard holds all samples of a range of queries. */
import { join } from 'node:path';
import { readSafetensors, type StoredTensor, writeSafetensors } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type Matrix, matrix } from '../matrix.js';

/**
 * m synthesised sets. A row of a set is stored as its number in a table of vectors, not as the vector: the catalog's
 * content embeddings, or the distinct sub-query embeddings of the shard.
 */
export interface SynthesisShard {
  /** Row of the query each set answers, [m]. */
  readonly queryOf: Int32Array;
  /** Rows of each set in the table, [m, k]. */
  readonly rows: Int32Array;
  /** What the reward said of each set, [m]. */
  readonly rewards: Float32Array;
  /** Sub-query embeddings [u, d]; absent where the table is the catalog. */
  readonly table?: Matrix;
}

export function shardFile(folder: string, shard: number): string {
  return join(folder, `shard-${String(shard).padStart(5, '0')}.safetensors`);
}

/** Writes a shard atomically: a shard that exists is whole. */
export async function writeShard(
  file: string,
  { queryOf, rows, rewards, table }: SynthesisShard,
): Promise<void> {
  const m = queryOf.length;
  await writeSafetensors(file, {
    queryOf: { shape: [m], data: queryOf },
    rows: { shape: [m, m === 0 ? 0 : rows.length / m], data: rows },
    rewards: { shape: [m], data: rewards },
    ...(table && { table: { shape: [table.rows, table.cols], data: table.data } }),
  });
}

/** @throws InputError when the file is missing, damaged or no shard */
export async function readShard(file: string): Promise<SynthesisShard> {
  const { tensors } = await readSafetensors(file);
  const { queryOf, rows, rewards, table } = tensors;
  const m = queryOf?.data.length ?? 0;
  if (
    !(queryOf?.data instanceof Int32Array && rows?.data instanceof Int32Array) ||
    !(rewards?.data instanceof Float32Array) ||
    !(rows.shape.length === 2 && rows.shape[0] === m && rewards.data.length === m)
  ) {
    throw foreign(file);
  }
  const vectors = table && readTable(table, rows.data, file);
  return { queryOf: queryOf.data, rows: rows.data, rewards: rewards.data, table: vectors };
}

/** A row outside its own shard's table would be taken for one of the next shard's. */
function readTable({ shape, data }: StoredTensor, rows: Int32Array, file: string): Matrix {
  if (!(data instanceof Float32Array) || shape.length !== 2 || rows.some((r) => r < 0 || r >= shape[0]))
    throw foreign(file);
  return matrix(shape[0], shape[1], data);
}

const foreign = (file: string) =>
  new InputError('is not a shard of synthesised sets; delete it and compile again', { file });
