/** Fits the space that is searched, encodes the catalog, collects the queries. */
import type { Catalog } from '../catalog/catalog.js';
import type { QueryRecord } from '../catalog/item.js';
import { type Encoder, type EncoderParts, partsOf } from '../encode/encoder.js';
import { isPrecomputed } from '../encode/encoderSetting.js';
import { Projector } from '../encode/projection.js';
import { FITTING_SAMPLE, type FittedSpace, fitSpace } from '../encode/space.js';
import type { Readability } from '../encode/textReading.js';
import type { RuntimeOptions } from '../engine/index.js';
import { type Matrix, matrix, rowRange } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Config } from '../run/config.js';
import { saveLabels } from '../run/labels.js';
import type { RunFolder } from '../run/runFolder.js';
import { loadWorkspace, saveEncoded, splitQueries } from '../run/workspace.js';
import { ExactIndex } from '../vectorIndex/exactIndex.js';
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

/** Items encoded and projected at a time, so that only the projected vectors of the whole catalog are in memory. */
const CHUNK = 8192;

export async function encodeStage(options: EncodeStageOptions): Promise<StageSummary> {
  const { run, config, runtime, catalog, queries, encoder, signal, onProgress } = options;
  const started = performance.now();
  await tellCost(options);
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
  const { space } = fitted;
  const projector = await Projector.create(space.projection, runtime);
  const vectors = await projectedVectors(options, fitted, projector);
  await projector.release();
  await saveEncoded(run, { items: catalog.items, vectors, space, queries });
  const learned = await learnFromLabels(options);
  return {
    seconds: (performance.now() - started) / 1000,
    items: catalog.items.length,
    queries: queries.length,
    ...readingFigures(options),
    dimensions: space.projection.components.rows,
    keptVariance: space.projection.keptVariance,
    ...learned,
  };
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

/** The run's own index is not needed yet, and building it may be costly. */
const NO_INDEX: VectorIndex = {
  size: 0,
  dim: 0,
  search: () => Promise.reject(new Error('the encode stage has no index')),
};

/** Stores what the training queries' sets teach without training. */
async function learnFromLabels({ run, config, encoder, runtime, signal }: EncodeStageOptions) {
  const workspace = await loadWorkspace(run, encoder, runtime, { index: NO_INDEX });
  const { vectors } = workspace;
  const index = await ExactIndex.create({ vectors, ...runtime });
  try {
    const labels = await fitLabels(await splitQueries(workspace, 'train', signal), {
      world: { vectors, index },
      k: config.k,
      seed: config.seed,
      signal,
    });
    await saveLabels(run, labels);
    return labels.adapter && { adapterStrength: labels.adapter.strength };
  } finally {
    await index.release();
    await workspace.release();
  }
}

/** Unit vectors of the whole catalog, [items, d]; a large one is encoded chunk by chunk. */
async function projectedVectors(
  options: EncodeStageOptions,
  { encoder, sample }: FittedSpace,
  projector: Projector,
): Promise<Matrix> {
  const { catalog, signal, onProgress } = options;
  const total = catalog.items.length;
  if (total <= FITTING_SAMPLE) return projector.project(sample, { signal });
  const given = givenVectors(options);
  const out = matrix(total, projector.dim);
  for (let start = 0; start < total; start += CHUNK) {
    const end = Math.min(start + CHUNK, total);
    const full = given
      ? encoder.join([rowRange(given, start, end)])
      : await encoder.encodeItems(catalog.items.slice(start, end), { signal });
    rowRange(out, start, end).data.set((await projector.project(full, { signal })).data);
    onProgress?.({ stage: 'encode', done: end, total });
  }
  return out;
}

/** The catalog's own vectors, where the config says to use them. */
const givenVectors = ({ catalog, config }: EncodeStageOptions): Matrix | undefined =>
  isPrecomputed(config.encoder) ? catalog.vectors : undefined;
