/**
 * What the encode stage leaves in a run, and every later stage starts from: items, vectors, the encoder with its
 * space, the index and the queries.
 */

import { createHash } from 'node:crypto';
import * as z from 'zod';
import { ownNames } from '../catalog/fields.js';
import type { Item, QueryRecord, Split } from '../catalog/item.js';
import { CachedEncoder, type CachedEncoderOptions } from '../encode/cached.js';
import type { Encoder, EncoderParts } from '../encode/encoder.js';
import { ProjectedEncoder } from '../encode/projectedEncoder.js';
import { restoreSpace, type Space } from '../encode/space.js';
import type { RuntimeOptions } from '../engine/index.js';
import type { QueryBatch, RetrievalWorld } from '../environment.js';
import { InputError } from '../errors.js';
import { readJson, realPath, writeJson } from '../files.js';
import { lexiconOf } from '../lexical/lexicon.js';
import { rowRange, type VectorTable } from '../matrix.js';
import { isModule } from '../moduleSetting.js';
import { TASKS } from '../tasks/tasks.js';
import { connectSearchEngine } from '../vectorIndex/engines/connectSearchEngine.js';
import { EngineIndex } from '../vectorIndex/engines/engineIndex.js';
import { isEngine, placeEngine } from '../vectorIndex/engines/engineSetting.js';
import { ExactIndex, type ExactIndexOptions } from '../vectorIndex/exactIndex.js';
import { loadModuleIndex } from '../vectorIndex/moduleIndex.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { type LoadedCatalog, loadCatalogFiles } from './catalogFiles.js';
import type { Config } from './config.js';
import { configOf } from './manifest.js';
import { moduleFile } from './placePaths.js';
import type { RunFolder } from './runFolder.js';
import { readSpace, SPACE_FILES } from './spaceFiles.js';
import { isShard } from './vectorShards.js';

/** Everything retrieval needs of a run; items and vectors in memory, or where they do not fit there, on disk. */
export interface Workspace extends RetrievalWorld {
  readonly queries: readonly QueryRecord[];
  readonly space: Space;
  /** Frees the native memory of index and projection, but of an index that was given, and closes files. */
  release(): Promise<void>;
}

export interface LoadWorkspaceOptions extends CachedEncoderOptions {
  /** An index over the run's vectors, or exact search (that of the run's config: exact search, or a module of the user's). */
  readonly index?: VectorIndex | 'exact';
  /** Whether it is trained in: a search engine is filled from what is compiled, so training searches exactly. */
  readonly isTraining?: boolean;
}

/** Names of the files in the folder of the encode stage. */
export const ENCODED_FILES = {
  items: 'items.jsonl',
  ...SPACE_FILES,
  queries: 'queries.json',
  labels: 'labels.safetensors',
};

/** Writes the queries of a run. */
export const saveQueries = (run: RunFolder, queries: readonly QueryRecord[]): Promise<void> =>
  writeJson(run.path('encode', ENCODED_FILES.queries), queries);

/**
 * Loads what the encode stage wrote and gets it ready to search. `textEncoder` is the unprojected encoder the run was made
 * with; `capacity` says how many texts are remembered.
 *
 * @throws InputError if a file is missing, DamagedFileError if it is not what was written
 */
export async function loadWorkspace(
  run: RunFolder,
  textEncoder: Encoder | EncoderParts,
  runtime: RuntimeOptions,
  options: LoadWorkspaceOptions = {},
): Promise<Workspace> {
  await run.check('encode');
  const loaded = await loadCatalogFiles(run);
  try {
    return await workspaceOf(loaded, run, textEncoder, runtime, options);
  } catch (error) {
    loaded.close();
    throw error;
  }
}

async function workspaceOf(
  { items, vectors, index: searching, close }: LoadedCatalog,
  run: RunFolder,
  textEncoder: Encoder | EncoderParts,
  runtime: RuntimeOptions,
  { index: given, isTraining = false, ...cache }: LoadWorkspaceOptions,
): Promise<Workspace> {
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
  const searched = given === 'exact' || (isTraining && isEngine(setting)) ? 'exact' : setting;
  const own = given === 'exact' ? undefined : given;
  const index = own ?? (await indexOf(searched, run, { vectors, items, ...searching, ...runtime }));
  const queries = await readQueries(run);
  const release = async () => {
    if (index !== own) await index.release?.();
    await projected.release();
    close();
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

interface IndexedCatalog extends RuntimeOptions, Pick<ExactIndexOptions, 'codes' | 'holdsCodes'> {
  readonly items: readonly Item[];
  readonly vectors: VectorTable;
}

async function indexOf(
  setting: Config['index'],
  run: RunFolder,
  { items, vectors, codes, holdsCodes, ...runtime }: IndexedCatalog,
): Promise<VectorIndex> {
  if (isModule(setting)) {
    // Which is given the numbers themselves, wherever they lie.
    const given = { items, vectors: rowRange(vectors, 0, vectors.rows), ...runtime };
    return loadModuleIndex(await moduleFile(run.folder, setting), given);
  }
  if (!isEngine(setting)) return ExactIndex.create({ vectors, codes, holdsCodes, ...runtime });
  const engine = await connectSearchEngine(placeEngine(setting, await realPath(run.folder)));
  try {
    const words = 'words' in setting && setting.words;
    return await EngineIndex.open(engine, {
      items,
      vectors,
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
  const { [ENCODED_FILES.items]: items, ...others } = run.stageDone('encode')?.files ?? {};
  const vectors = Object.keys(others).filter(isShard).sort();
  return createHash('sha256')
    .update(JSON.stringify([ENGINE_FORMAT, items, ...vectors.map((name) => others[name])]))
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
