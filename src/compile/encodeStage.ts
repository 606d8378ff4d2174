/** Encodes the catalog, fits the projection, collects the queries. */
import type { Catalog } from '../catalog/catalog.js';
import type { QueryRecord } from '../catalog/item.js';
import type { Encoder } from '../encode/encoder.js';
import { fitProjection, Projector } from '../encode/projection.js';
import type { RuntimeOptions } from '../engine/index.js';
import { gatherRows, type Matrix, matrix, rowRange } from '../matrix.js';
import type { RunControl } from '../progress.js';
import { CounterRandom } from '../random.js';
import type { Config } from '../run/config.js';
import type { RunFolder } from '../run/runFolder.js';
import { saveEncoded } from '../run/workspace.js';
import type { StageSummary } from './stage.js';

export interface EncodeStageOptions extends RunControl {
  readonly run: RunFolder;
  readonly config: Config;
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
  const { run, config, runtime, catalog, queries, signal } = options;
  const started = performance.now();
  const sample = await sampleVectors(options);
  const training = queries.filter((q) => q.split === 'train').map((q) => q.query);
  const queryVectors = await options.encoder.encode(training, { signal });
  const projection = await fitProjection([sample, queryVectors], {
    d: config.dimensions,
    signal,
    ...runtime,
  });
  const projector = await Projector.create(projection, runtime);
  const vectors = await projectedVectors(options, projector);
  await projector.release();
  await saveEncoded(run, { items: catalog.items, vectors, projection, queries });
  return {
    seconds: (performance.now() - started) / 1000,
    items: catalog.items.length,
    queries: queries.length,
    dimensions: projection.components.rows,
    keptVariance: projection.keptVariance,
  };
}

function sampleVectors({ catalog, config, encoder, signal }: EncodeStageOptions): Promise<Matrix> | Matrix {
  const { items } = catalog;
  const rows = new CounterRandom(config.seed, 'encode/sample')
    .permutation(items.length)
    .subarray(0, FITTING_SAMPLE);
  if (catalog.vectors) return gatherRows(catalog.vectors, rows);
  return encoder.encode(
    Array.from(rows, (r) => items[r].text),
    { signal },
  );
}

/** Unit vectors of the whole catalog, [items, d], encoded chunk by chunk. */
async function projectedVectors(
  { catalog, encoder, signal, onProgress }: EncodeStageOptions,
  projector: Projector,
): Promise<Matrix> {
  const { items } = catalog;
  if (catalog.vectors) return projector.project(catalog.vectors, { signal });
  const out = matrix(items.length, projector.dim);
  for (let start = 0; start < items.length; start += CHUNK) {
    const end = Math.min(start + CHUNK, items.length);
    const full = await encoder.encode(
      items.slice(start, end).map((item) => item.text),
      {
        signal,
        onProgress: ({ done }) => onProgress?.({ stage: 'encode', done: start + done, total: items.length }),
      },
    );
    rowRange(out, start, end).data.set((await projector.project(full, { signal })).data);
  }
  return out;
}
