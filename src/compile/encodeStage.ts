/** Fits the space that is searched, encodes the catalog, collects the queries. */
import type { Catalog } from '../catalog/catalog.js';
import type { QueryRecord } from '../catalog/item.js';
import { type Encoder, type EncoderParts, partsOf } from '../encode/encoder.js';
import { isPrecomputed } from '../encode/encoderSetting.js';
import { Projector } from '../encode/projection.js';
import type { SideBySideEncoder } from '../encode/sideBySide.js';
import { FITTING_SAMPLE, fitSpace, restoreSpace, type Space } from '../encode/space.js';
import type { Readability } from '../encode/textReading.js';
import type { RuntimeOptions } from '../engine/index.js';
import { type Matrix, rowRange, type VectorTable } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { saveItems } from '../run/catalogFiles.js';
import type { Config } from '../run/config.js';
import { saveLabels } from '../run/labels.js';
import type { RunFolder } from '../run/runFolder.js';
import { hasSpace, readSpace, saveSpace } from '../run/spaceFiles.js';
import { ShardWriter } from '../run/vectorShards.js';
import { hasLabels, loadWorkspace, saveQueries, splitQueries } from '../run/workspace.js';
import type { VectorIndex } from '../vectorIndex/vectorIndex.js';
import { fitLabels } from './fitLabels.js';
import type { StageSummary } from './stage.js';

export interface EncodeStageOptions extends RunControl {
  readonly run: RunFolder;
  readonly config: Config;
  /** B: items which all sub-queries retrieve together; absent for open-ended tasks. */
  readonly budget?: number;
  readonly runtime: RuntimeOptions;
  readonly catalog: Catalog;
  readonly queries: readonly QueryRecord[];
  /** The text encoder, before the space is fitted. */
  readonly encoder: Encoder | EncoderParts;
  /** How much of the items' texts it can read. */
  readonly texts?: Readability;
}

/** Items encoded and projected at a time. */
const CHUNK = 8192;

/**
 * Of a catalog that is larger than the sample which its space is fitted on, vectors are written shard by shard, and a stage that was
 * stopped goes on with the first that is missing.
 */
export async function encodeStage(options: EncodeStageOptions): Promise<StageSummary> {
  const { run, runtime, catalog, queries } = options;
  const started = performance.now();
  const { length } = catalog.items;
  await tellCost(options);
  await saveItems(run, catalog.items);
  const isStarted = length > FITTING_SAMPLE && (await hasSpace(run));
  const { space, sample, ...fitted } = isStarted ? await storedSpace(options) : await fittedSpace(options);
  const projector = await Projector.create(space.projection, runtime);
  const writer = new ShardWriter(run.path('encode'), { rows: length, cols: projector.dim });
  if (sample && length <= FITTING_SAMPLE) await writer.add(await projector.project(sample, options));
  else await writeVectors(options, { writer, projector, encoder: fitted.encoder });
  await projector.release();
  await saveQueries(run, queries);
  const learned = await learnFromLabels(options);
  return {
    seconds: (performance.now() - started) / 1000,
    items: length,
    queries: queries.length,
    ...readingFigures(options),
    dimensions: space.projection.components.rows,
    keptVariance: space.projection.keptVariance,
    ...learned,
  };
}

interface EncodedSpace {
  readonly space: Space;
  readonly encoder: SideBySideEncoder;
  /** The encoder's vectors of what it was fitted on. */
  readonly sample?: Matrix;
}

async function storedSpace({ run, encoder }: EncodeStageOptions): Promise<EncodedSpace> {
  const space = await readSpace(run);
  return { space, encoder: restoreSpace(encoder, space) };
}

async function fittedSpace(options: EncodeStageOptions): Promise<EncodedSpace> {
  const { run, config, runtime, catalog, queries, encoder, signal, onProgress } = options;
  const fitted = await fitSpace({
    encoder,
    items: catalog.items,
    vectors: givenVectors(options),
    queries: queries.filter((q) => q.split === 'train').map((q) => q.query),
    d: config.dimensions,
    seed: config.seed,
    signal,
    onProgress,
    ...runtime,
  });
  // Before the vectors: those that are written so far lie in this space, to the last bit.
  await saveSpace(run, fitted.space);
  return fitted;
}

/** What the inputs lost on their way, for `info`; only what is not nothing. */
function readingFigures({ catalog: { report }, texts }: EncodeStageOptions): Record<string, number> {
  const figures = {
    skippedRows: report.skipped.count,
    mergedRows: report.merged,
    cutTexts: texts?.cut ?? 0,
    unknownTexts: texts?.unknown ?? 0,
  };
  return Object.fromEntries(Object.entries(figures).filter(([, count]) => count > 0));
}

/** Says what is about to be paid for. */
async function tellCost({ encoder, catalog, queries, onProgress }: EncodeStageOptions): Promise<void> {
  const texts = queries.filter((q) => q.split === 'train').map((q) => q.query);
  for (const part of partsOf(encoder)) {
    const warning = 'cost' in part && (await part.cost?.({ queries: texts, items: catalog.items }));
    if (warning) onProgress?.({ stage: 'encode', done: 0, total: catalog.items.length, warning });
  }
}

/** Without sets nothing is searched. */
const NO_INDEX: VectorIndex = {
  size: 0,
  dim: 0,
  search: () => Promise.reject(new Error('the encode stage has no index')),
};

/** Stores what the training queries' sets teach without training. The run's own index is not needed yet, and building it may be costly. */
async function learnFromLabels({ run, config, queries, encoder, runtime, signal }: EncodeStageOptions) {
  const workspace = await loadWorkspace(run, encoder, runtime, {
    index: hasLabels(queries) ? 'exact' : NO_INDEX,
  });
  try {
    const labels = await fitLabels(await splitQueries(workspace, 'train', signal), {
      world: workspace,
      k: config.k,
      seed: config.seed,
      signal,
    });
    await saveLabels(run, labels);
    return labels.adapter && { adapterStrength: labels.adapter.strength };
  } finally {
    await workspace.release();
  }
}

interface WriteVectorsOptions {
  readonly writer: ShardWriter;
  readonly projector: Projector;
  readonly encoder: SideBySideEncoder;
}

/** Encodes and writes what is not there yet, chunk by chunk. */
async function writeVectors(
  options: EncodeStageOptions,
  { writer, projector, encoder }: WriteVectorsOptions,
): Promise<void> {
  const { catalog, signal, onProgress } = options;
  const total = catalog.items.length;
  const given = givenVectors(options);
  for (let start = await writer.start(); start < total; start += CHUNK) {
    const end = Math.min(start + CHUNK, total);
    const full = given
      ? encoder.join([rowRange(given, start, end)])
      : await encoder.encodeItems(catalog.items.slice(start, end), { signal });
    await writer.add(await projector.project(full, { signal }));
    onProgress?.({ stage: 'encode', done: end, total });
  }
}

/** The catalog's own vectors, where the config says to use them. */
const givenVectors = ({ catalog, config }: EncodeStageOptions): VectorTable | undefined =>
  isPrecomputed(config.encoder) ? catalog.vectors : undefined;
