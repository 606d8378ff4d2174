/**
 * What the encode stage leaves in a run, and every later stage starts from: items, vectors, the encoder with its
 * projection, the index and the queries.
 */

import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { finished } from 'node:stream/promises';
import * as z from 'zod';
import { ownNames } from '../catalog/fields.js';
import type { Item, QueryRecord, Split } from '../catalog/item.js';
import { readLines } from '../catalog/lines.js';
import { CachedEncoder, type CachedEncoderOptions } from '../encode/cached.js';
import type { Encoder } from '../encode/encoder.js';
import { GroundedEncoder } from '../encode/groundedEncoder.js';
import { ProjectedEncoder } from '../encode/projectedEncoder.js';
import type { Projection } from '../encode/projection.js';
import { type RuntimeOptions, readSafetensors, writeSafetensors } from '../engine/index.js';
import type { QueryBatch, SearchWorld } from '../environment.js';
import { InputError } from '../errors.js';
import { readJson, writeError, writeJson } from '../files.js';
import { type Matrix, matrix } from '../matrix.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { configOf } from './manifest.js';
import type { RunFolder } from './runFolder.js';

/** Everything retrieval needs of a run, in memory. */
export interface Workspace extends SearchWorld {
  readonly queries: readonly QueryRecord[];
  readonly projection: Projection;
}

export interface EncodedCatalog {
  readonly items: readonly Item[];
  /** Projected unit vectors [items, d]. */
  readonly vectors: Matrix;
  readonly projection: Projection;
  readonly queries: readonly QueryRecord[];
}

/** Names of the files in the folder of the encode stage. */
export const ENCODED_FILES = {
  items: 'items.jsonl',
  vectors: 'vectors.safetensors',
  projection: 'projection.safetensors',
  queries: 'queries.json',
};

export async function saveEncoded(
  run: RunFolder,
  { items, vectors, projection, queries }: EncodedCatalog,
): Promise<void> {
  await mkdir(run.path('encode'), { recursive: true });
  await writeItems(run.path('encode', ENCODED_FILES.items), items);
  await writeSafetensors(run.path('encode', ENCODED_FILES.vectors), { vectors: tensor(vectors) });
  await writeSafetensors(
    run.path('encode', ENCODED_FILES.projection),
    { components: tensor(projection.components) },
    { keptVariance: String(projection.keptVariance) },
  );
  await writeJson(run.path('encode', ENCODED_FILES.queries), queries);
}

/**
 * Loads what `saveEncoded` wrote and gets it ready to search. `textEncoder` is the unprojected encoder the run was made
 * with; `cache` says how many texts are remembered.
 *
 * @throws InputError if a file is missing or damaged
 */
export async function loadWorkspace(
  run: RunFolder,
  textEncoder: Encoder,
  runtime: RuntimeOptions,
  cache: CachedEncoderOptions = {},
): Promise<Workspace> {
  const items = await readItems(run.path('encode', ENCODED_FILES.items));
  const vectors = await readMatrix(run.path('encode', ENCODED_FILES.vectors), 'vectors');
  if (vectors.rows !== items.length) {
    throw new InputError(
      `holds ${vectors.rows} vectors for ${items.length} items; compile again with --force`,
      { file: run.path('encode', ENCODED_FILES.vectors) },
    );
  }
  const projection = await readProjection(run.path('encode', ENCODED_FILES.projection));
  const { rows } = projection.components;
  if (rows !== vectors.cols) {
    throw new InputError(
      `makes vectors of length ${rows}, the catalog's have ${vectors.cols}; compile again with --force`,
      { file: run.path('encode', ENCODED_FILES.projection) },
    );
  }
  const projected = await ProjectedEncoder.create(textEncoder, projection, runtime);
  const encoder = new CachedEncoder(projected, cache);
  // Open-ended sub-queries are texts of items: grounded, they would be the items themselves.
  const { task, catalog } = configOf(run.manifest, run.path('run.json'));
  const subQueryEncoder =
    task === 'wscr' ? new CachedEncoder(new GroundedEncoder(projected, { items, vectors }), cache) : encoder;
  const queryShare = Number(run.stageDone('encode')?.queryShare ?? 0);
  const index = await ExactIndex.create({ vectors, ...runtime });
  const queries = parseQueries(
    await readJson(run.path('encode', ENCODED_FILES.queries)),
    run.path('encode', ENCODED_FILES.queries),
  );
  return {
    items,
    vectors,
    projection,
    encoder,
    subQueryEncoder,
    queryShare,
    index,
    queries,
    ownNames: ownNames(catalog),
  };
}

/** The queries of one split with their embeddings and reference sets. */
export async function splitQueries(
  { queries, encoder }: Workspace,
  split: Split,
  signal?: AbortSignal,
): Promise<QueryBatch> {
  const chosen = queries.filter((q) => q.split === split);
  const texts = chosen.map((q) => q.query);
  const references = chosen.some((q) => q.items.length > 0) ? chosen.map((q) => q.items) : undefined;
  return { texts, vectors: await encoder.encode(texts, { signal }), references };
}

const tensor = ({ data, rows, cols }: Matrix) => ({ shape: [rows, cols], data });

async function readMatrix(file: string, name: string): Promise<Matrix> {
  const { tensors } = await readSafetensors(file);
  const stored = tensors[name];
  if (!(stored?.data instanceof Float32Array) || stored.shape.length !== 2) {
    throw new InputError(`has no matrix "${name}"; it is damaged or of another program`, { file });
  }
  return matrix(stored.shape[0], stored.shape[1], stored.data);
}

async function readProjection(file: string): Promise<Projection> {
  const { metadata } = await readSafetensors(file);
  return { components: await readMatrix(file, 'components'), keptVariance: Number(metadata.keptVariance) };
}

const querySchema = z.array(
  z.object({ query: z.string(), items: z.array(z.number()), split: z.enum(['train', 'valid', 'test']) }),
);

function parseQueries(value: unknown, file: string): QueryRecord[] {
  const result = querySchema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError('is damaged; compile again with --force', { file });
}

async function writeItems(file: string, items: readonly Item[]): Promise<void> {
  const temporary = `${file}.tmp`;
  const stream = createWriteStream(temporary);
  try {
    for (const item of items) if (!stream.write(`${JSON.stringify(item)}\n`)) await once(stream, 'drain');
    stream.end();
    await finished(stream);
    await rename(temporary, file);
  } catch (error) {
    stream.destroy();
    await rm(temporary, { force: true });
    throw writeError(error, file);
  }
}

const itemSchema = z.looseObject({ id: z.string(), text: z.string(), title: z.string() });

/** The items of a run whose encode stage is done. */
export async function readItems(file: string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { text, line } of readLines(file)) {
    const item = parseJson(text);
    if (!itemSchema.safeParse(item).success) {
      throw new InputError('is damaged; compile again with --force', { file, line });
    }
    items.push(item as Item);
  }
  return items;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
