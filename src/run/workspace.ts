/**
 * What the encode stage leaves in a run, and every later stage starts from: items, vectors, the encoder with its
 * space, the index and the queries.
 */

import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ownNames } from '../catalog/fields.js';
import type { Item, QueryRecord, Split } from '../catalog/item.js';
import { readLines } from '../catalog/lines.js';
import { CachedEncoder, type CachedEncoderOptions } from '../encode/cached.js';
import type { Encoder, EncoderParts } from '../encode/encoder.js';
import { ProjectedEncoder } from '../encode/projectedEncoder.js';
import { restoreSpace, type Space } from '../encode/space.js';
import { type RuntimeOptions, writeSafetensors } from '../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { InputError } from '../errors.js';
import { readJson, realPath, writeFileAtomic, writeJson } from '../files.js';
import { lexiconOf } from '../lexical/lexicon.js';
import type { Matrix } from '../matrix.js';
import { isModule } from '../moduleSetting.js';
import { TASKS } from '../tasks/tasks.js';
import { connectSearchEngine } from '../vectorIndex/engines/connectSearchEngine.js';
import { EngineIndex } from '../vectorIndex/engines/engineIndex.js';
import { isEngine, placeEngine } from '../vectorIndex/engines/engineSetting.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
import { type IndexModuleOptions, loadModuleIndex } from '../vectorIndex/moduleIndex.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import type { Config } from './config.js';
import { configOf } from './manifest.js';
import { moduleFile } from './placePaths.js';
import type { RunFolder } from './runFolder.js';
import { readMatrix, readSpace, SPACE_FILES, saveSpace, tensor } from './spaceFiles.js';

/** Everything retrieval needs of a run, in memory. */
export interface Workspace extends RetrievalWorld {
  readonly queries: readonly QueryRecord[];
  readonly space: Space;
  /** Frees the native memory of index and projection, but of an index that was given. */
  release(): Promise<void>;
}

export interface LoadWorkspaceOptions extends CachedEncoderOptions {
  /** An index over the run's vectors (that of the run's config: exact search, or a module of the user's). */
  readonly index?: VectorIndex;
  /** Whether it is trained in: a search engine is filled from what is compiled, so training searches exactly. */
  readonly isTraining?: boolean;
}

export interface EncodedCatalog {
  readonly items: readonly Item[];
  /** Projected unit vectors [items, d]. */
  readonly vectors: Matrix;
  readonly space: Space;
  readonly queries: readonly QueryRecord[];
}

/** Names of the files in the folder of the encode stage. */
export const ENCODED_FILES = {
  items: 'items.jsonl',
  vectors: 'vectors.safetensors',
  ...SPACE_FILES,
  queries: 'queries.json',
  labels: 'labels.safetensors',
};

export async function saveEncoded(
  run: RunFolder,
  { items, vectors, space, queries }: EncodedCatalog,
): Promise<void> {
  await writeFileAtomic(run.path('encode', ENCODED_FILES.items), itemLines(items));
  await writeSafetensors(run.path('encode', ENCODED_FILES.vectors), { vectors: tensor(vectors) });
  await saveSpace(run, space);
  await writeJson(run.path('encode', ENCODED_FILES.queries), queries);
}

/**
 * Loads what `saveEncoded` wrote and gets it ready to search. `textEncoder` is the unprojected encoder the run was made
 * with; `capacity` says how many texts are remembered.
 *
 * @throws InputError if a file is missing, DamagedFileError if it is not what was written
 */
export async function loadWorkspace(
  run: RunFolder,
  textEncoder: Encoder | EncoderParts,
  runtime: RuntimeOptions,
  { index: own, isTraining = false, ...cache }: LoadWorkspaceOptions = {},
): Promise<Workspace> {
  await run.check('encode');
  const items = await readItems(run.path('encode', ENCODED_FILES.items));
  const vectors = await readMatrix(run.path('encode', ENCODED_FILES.vectors), 'vectors');
  if (vectors.rows !== items.length) {
    throw new InputError(
      `holds ${vectors.rows} vectors for ${items.length} items; compile again with --force`,
      { file: run.path('encode', ENCODED_FILES.vectors) },
    );
  }
  const space = await readSpace(run);
  const { rows } = space.projection.components;
  if (rows !== vectors.cols) {
    throw new InputError(
      `makes vectors of length ${rows}, the catalog's have ${vectors.cols}; compile again with --force`,
      { file: run.path('encode', ENCODED_FILES.space) },
    );
  }
  const projected = await ProjectedEncoder.create(
    restoreSpace(textEncoder, space),
    space.projection,
    runtime,
  );
  const encoder = new CachedEncoder(projected, cache);
  const { task, catalog, index: setting } = configOf(run.manifest, run.path('run.json'));
  const written = TASKS[task].subQueryEncoder?.(projected, { items, vectors });
  const subQueryEncoder = written ? new CachedEncoder(written, cache) : encoder;
  const searched = isTraining && isEngine(setting) ? 'exact' : setting;
  const index = own ?? (await indexOf(searched, run, { vectors, items, ...runtime }));
  const queries = await readQueries(run);
  const release = async () => {
    if (index !== own) await index.release?.();
    await projected.release();
  };
  return {
    items,
    vectors,
    lexicon: lexiconOf(items),
    space,
    encoder,
    subQueryEncoder,
    index,
    queries,
    ownNames: ownNames(catalog),
    release,
  };
}

async function indexOf(
  setting: Config['index'],
  run: RunFolder,
  options: IndexModuleOptions,
): Promise<VectorIndex> {
  const { items, ...exact } = options;
  if (isModule(setting)) return loadModuleIndex(await moduleFile(run.folder, setting), options);
  if (!isEngine(setting)) return ExactIndex.create(exact);
  const engine = await connectSearchEngine(placeEngine(setting, await realPath(run.folder)));
  try {
    const words = 'words' in setting && setting.words;
    return await EngineIndex.open(engine, {
      items,
      vectors: exact.vectors,
      version: engineVersion(run),
      words,
    });
  } catch (error) {
    await engine.close();
    throw error;
  }
}

/** Changes when items are stored otherwise in engines. */
const ENGINE_FORMAT = 1;

/** What a run's items and vectors are known by in a search engine. */
export function engineVersion(run: RunFolder): string {
  const { [ENCODED_FILES.items]: items, [ENCODED_FILES.vectors]: vectors } =
    run.stageDone('encode')?.files ?? {};
  return createHash('sha256')
    .update(JSON.stringify([ENGINE_FORMAT, items, vectors]))
    .digest('hex')
    .slice(0, 16);
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

/** Whether the run learns from reference sets. */
export const hasLabels = (queries: readonly QueryRecord[]): boolean =>
  queries.some(({ split, items }) => split === 'train' && items.length > 0);

const querySchema = z.array(
  z.object({ query: z.string(), items: z.array(z.number()), split: z.enum(['train', 'valid', 'test']) }),
);

/** The run's queries. */
export async function readQueries(run: RunFolder): Promise<QueryRecord[]> {
  const file = run.path('encode', ENCODED_FILES.queries);
  return parseQueries(await readJson(file), file);
}

function parseQueries(value: unknown, file: string): QueryRecord[] {
  const result = querySchema.safeParse(value);
  if (result.success) return result.data;
  throw new InputError('is damaged; compile again with --force', { file });
}

/** Items a write; all lines together may be longer than a string can be. */
const ITEMS_A_WRITE = 1000;

function* itemLines(items: readonly Item[]): Generator<string> {
  for (let start = 0; start < items.length; start += ITEMS_A_WRITE) {
    const some = items.slice(start, start + ITEMS_A_WRITE);
    yield some.map((item) => `${JSON.stringify(item)}\n`).join('');
  }
}

const itemSchema = z.looseObject({ id: z.string(), text: z.string(), title: z.string() });

/** The items of a run whose encode stage is done. */
export async function readItems(file: string): Promise<Item[]> {
  const items: Item[] = [];
  for await (const { text, line } of readLines(file, { encoding: 'utf-8' })) {
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
