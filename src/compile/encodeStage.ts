/** Encodes the catalog, fits the projection, collects the queries. */
import type { Catalog } from '../catalog/catalog.js';
import type { QueryRecord } from '../catalog/item.js';
import { commonDirections } from '../encode/commonDirections.js';
import { type Encoder, encodeItems } from '../encode/encoder.js';
import { isPrecomputed } from '../encode/encoderSetting.js';
import { fitProjection, Projector } from '../encode/projection.js';
import type { RuntimeOptions } from '../engine/index.js';
import { gatherRows, type Matrix, matrix, rowRange } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { CounterRandom } from '../random.js';
import type { Config } from '../run/config.js';
import type { RunFolder } from '../run/runFolder.js';
import { loadWorkspace, saveEncoded, splitQueries } from '../run/workspace.js';
import { chooseQueryShare } from './queryShare.js';
import type { StageSummary } from './stage.js';

export interface EncodeStageOptions extends RunControl {
  readonly run: RunFolder;
  readonly config: Config;
  /** B: items which all sub-queries retrieve together; absent for open-ended tasks. */
  readonly budget?: number;
  readonly runtime: RuntimeOptions;
  readonly catalog: Catalog;
  readonly queries: readonly QueryRecord[];
  /** The unprojected text encoder. */
  readonly encoder: Encoder;
}

/** The projection is fitted on at most this many items: more change it no further. */
const FITTING_SAMPLE = 20_000;
/** Items encoded and projected at a time, so that only the projected vectors of the whole catalog are in memory. */
const CHUNK = 8192;

export async function encodeStage(options: EncodeStageOptions): Promise<StageSummary> {
  const { run, config, runtime, catalog, queries, encoder, signal } = options;
  const started = performance.now();
  const training = queries.filter((q) => q.split === 'train').map((q) => q.query);
  await tellCost(options);
  const sample = await sampleVectors(options);
  const queryVectors = await encoder.encode(training, { signal });
  const projection = await fitProjection([sample, queryVectors], {
    d: config.dimensions,
    without: commonDirections([sample, queryVectors]),
    signal,
    ...runtime,
  });
  const projector = await Projector.create(projection, runtime);
  const vectors = await projectedVectors(options, projector, sample);
  await projector.release();
  await saveEncoded(run, { items: catalog.items, vectors, projection, queries });
  const queryShare = await queryShareOf(options);
  return {
    seconds: (performance.now() - started) / 1000,
    items: catalog.items.length,
    queries: queries.length,
    dimensions: projection.components.rows,
    keptVariance: projection.keptVariance,
    queryShare,
  };
}

/** Says what is about to be paid for. */
async function tellCost({ encoder, catalog, queries, onProgress }: EncodeStageOptions): Promise<void> {
  const texts = queries.filter((q) => q.split === 'train').map((q) => q.query);
  const warning = await encoder.cost?.({ queries: texts, items: catalog.items });
  if (warning !== undefined) onProgress?.({ stage: 'encode', done: 0, total: catalog.items.length, warning });
}

/** How much of the query is in a sub-query's direction. Without reference sets nothing can choose it: there is none. */
async function queryShareOf(options: EncodeStageOptions): Promise<number | undefined> {
  const { run, config, budget, runtime, encoder, signal } = options;
  if (budget === undefined) return undefined;
  const workspace = await loadWorkspace(run, encoder, runtime);
  const training = await splitQueries(workspace, 'train', signal);
  return chooseQueryShare(workspace, training, { k: config.k, budget, signal });
}

/** Unprojected vectors to fit on: all items, in order, or a random sample of a large catalog. */
async function sampleVectors(options: EncodeStageOptions): Promise<Matrix> {
  const { catalog, config } = options;
  const { items } = catalog;
  const given = givenVectors(options);
  if (items.length <= FITTING_SAMPLE) return given ?? encodeRange(options, 0, items.length);
  const rows = new CounterRandom(config.seed, 'encode/sample')
    .permutation(items.length)
    .subarray(0, FITTING_SAMPLE);
  if (given) return gatherRows(given, rows);
  const sample = Array.from(rows, (r) => items[r]);
  return encodeItems(options.encoder, sample, { signal: options.signal });
}

/** Unit vectors of the whole catalog, [items, d]; a large one is encoded chunk by chunk. */
async function projectedVectors(
  options: EncodeStageOptions,
  projector: Projector,
  sample: Matrix,
): Promise<Matrix> {
  const { catalog, signal } = options;
  const total = catalog.items.length;
  const whole = total <= FITTING_SAMPLE ? sample : givenVectors(options);
  if (whole) return projector.project(whole, { signal });
  const out = matrix(total, projector.dim);
  for (let start = 0; start < total; start += CHUNK) {
    const end = Math.min(start + CHUNK, total);
    const full = await encodeRange(options, start, end);
    rowRange(out, start, end).data.set((await projector.project(full, { signal })).data);
  }
  return out;
}

function encodeRange(
  { catalog, encoder, signal, onProgress }: EncodeStageOptions,
  start: number,
  end: number,
): Promise<Matrix> {
  const total = catalog.items.length;
  return encodeItems(encoder, catalog.items.slice(start, end), {
    signal,
    onProgress: ({ done, warning }) =>
      onProgress?.({ stage: 'encode', done: start + done, total, ...(warning !== undefined && { warning }) }),
  });
}

/** The catalog's own vectors, where the config says to use them. */
const givenVectors = ({ catalog, config }: EncodeStageOptions): Matrix | undefined =>
  isPrecomputed(config.encoder) ? catalog.vectors : undefined;
