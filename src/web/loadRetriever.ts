/** Loads a retriever that `r4t export` wrote, from URLs, without Node. */

import { aspectsWhenAsked } from '../candidates/aspects.js';
import { SetMemory } from '../candidates/setMemory.js';
import type { Item } from '../catalog/item.js';
import { CandidateDiffusion } from '../diffusion/candidateDiffusion.js';
import { Sessions } from '../diffusion/sessions.js';
import { type ModelSession, SetSampler } from '../diffusion/setSampler.js';
import { CachedEncoder } from '../encode/cached.js';
import type { Encoder } from '../encode/encoder.js';
import { GroundedEncoder } from '../encode/groundedEncoder.js';
import { SideBySideEncoder } from '../encode/sideBySide.js';
import { type Piece, UnigramTokenizer } from '../encode/unigramTokenizer.js';
import { UseLiteModel } from '../encode/useLiteModel.js';
import { WordTable } from '../encode/wordTable.js';
import { SifEncoder, type SifState } from '../encode/wordVectors.js';
import { decodeSafetensors, type Safetensors } from '../engine/safetensorsFormat.js';
import { InputError } from '../errors.js';
import { lexiconOf } from '../lexical/lexicon.js';
import { dot, type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { MethodSpace, SearchDiffusion } from '../retrieve/method.js';
import { labelsOf, rememberedLabels } from '../run/labelTensors.js';
import { FlatIndex } from './flatIndex.js';
import { WEB_FILES, WEB_FORMAT, WEB_VERSION, WEB_WRITTEN, type WebManifest } from './manifest.js';
import { loadModel, type Ort } from './ort.js';
import { WebRetriever } from './webRetriever.js';

export interface LoadWebRetrieverOptions {
  /** `onnxruntime-web`, or one of its builds such as `onnxruntime-web/wasm`. */
  readonly ort: Ort;
  /** Where the models run, tried in order (wasm). */
  readonly executionProviders?: readonly string[];
  /** The text encoder the run was compiled with, where the export does not hold it. */
  readonly encoder?: Encoder;
  /** Gets a file (the global `fetch`). */
  readonly fetch?: (url: string, init: { signal?: AbortSignal }) => Promise<Response>;
  readonly signal?: AbortSignal;
}

/** Queries remembered, so that asking for another method or seed need not encode again. */
const REMEMBERED = 1000;

/**
 * The compiled retriever in a browser or an edge worker: the answers of `Retriever`, up to rounding, by every method but `folm`,
 * whose policy stays at home: it falls back to plain search. `close` it when done.
 *
 * @param base URL of the folder that `r4t export` wrote
 * @throws InputError if a file is missing, or the export holds no encoder and none is given
 *
 * @example
 * import * as ort from 'onnxruntime-web/wasm';
 * import { loadRetriever } from 'r4t/web';
 *
 * const retriever = await loadRetriever('/retriever/', { ort });
 * const { items } = await retriever.search('camping gear', { k: 10 });
 */
export async function loadRetriever(
  base: string | URL,
  options: LoadWebRetrieverOptions,
): Promise<WebRetriever> {
  const models = new Models(options);
  try {
    return await loadFrom(base, options, models);
  } catch (error) {
    await models.release();
    throw error;
  }
}

async function loadFrom(
  base: string | URL,
  options: LoadWebRetrieverOptions,
  models: Models,
): Promise<WebRetriever> {
  const get = reader(base, options);
  const manifest = checkManifest(await (await get(WEB_FILES.manifest)).json(), String(base));
  const load = async (name: string): Promise<ModelSession> => models.load(await bytes(get(name)));
  const { diffusion } = manifest;
  const [items, training, tensors, sampler, model] = await Promise.all([
    get(WEB_FILES.items).then(async (response) => parseItems(await response.text())),
    get(WEB_FILES.training).then(async (response) => (await response.json()) as string[]),
    bytes(get(WEB_FILES.tensors)).then((data) => decodeSafetensors(data, WEB_FILES.tensors)),
    diffusion?.fused ? load(WEB_FILES.sampler) : undefined,
    manifest.encoder.included && !options.encoder ? load(WEB_FILES.encoder) : undefined,
  ]);
  const vectors = matrixOf(tensors, 'vectors');
  if (vectors.rows !== items.length || items.length !== manifest.items)
    throw new InputError('does not belong to the other files; export again', { file: WEB_FILES.items });
  const parts = options.encoder
    ? [options.encoder]
    : model && (await includedParts(model, tensors, get, manifest));
  const id = options.encoder?.id ?? (parts && manifest.encoder.id);
  if (!parts || id !== manifest.encoder.id) {
    const problem = id === undefined ? 'which the export does not hold' : `not with "${id}"`;
    throw new InputError(`was compiled with the encoder "${manifest.encoder.id}", ${problem}`, {
      file: String(base),
    });
  }
  const joined = new SideBySideEncoder(
    parts.map((encoder, i) => ({ encoder, common: matrixOf(tensors, `common.${i}`) })),
  );
  const small = projected(joined, matrixOf(tensors, 'projection'));
  const encoder = new CachedEncoder(small, { capacity: REMEMBERED });
  const subQueryEncoder = manifest.grounded
    ? new CachedEncoder(new GroundedEncoder(small, { items, vectors }), { capacity: REMEMBERED })
    : encoder;
  const labels = labelsOf(tensors.tensors, training);
  const written = tensorsNamed(tensors.tensors, WEB_WRITTEN);
  const remembered = rememberedLabels(written ? labelsOf(written, training) : labels, vectors);
  const space: MethodSpace = {
    items,
    vectors,
    encoder,
    subQueryEncoder,
    index: new FlatIndex(vectors),
    ownNames: new Map(Object.entries(manifest.ownNames ?? {})),
    k: manifest.k,
    lexicon: lexiconOf(items),
    aspects: aspectsWhenAsked(items, vectors, { field: manifest.aspect }),
    ...labels,
    ...(remembered && { memory: SetMemory.plain(remembered), remembered }),
    diffusion: diffusion && webDiffusion(diffusion, sampler, () => load(WEB_FILES.denoiser)),
    settings: manifest.settings,
    rest: manifest.rest,
    usual: manifest.method,
  };
  return new WebRetriever(space, () => models.release());
}

/** The models of a retriever, to be released together; also those that are only loaded when a request needs them. */
class Models {
  readonly #loaded: ModelSession[] = [];
  #released = false;

  constructor(private readonly options: Pick<LoadWebRetrieverOptions, 'ort' | 'executionProviders'>) {}

  async load(model: Uint8Array): Promise<ModelSession> {
    const { ort, executionProviders = ['wasm'] } = this.options;
    const session = await loadModel(ort, model, executionProviders);
    this.#loaded.push(session);
    // What was still being loaded when the rest was released.
    if (this.#released) await session.release();
    return session;
  }

  async release(): Promise<void> {
    this.#released = true;
    for (const session of this.#loaded) await session.release();
  }
}

type ExportedDiffusion = NonNullable<WebManifest['diffusion']>;

function webDiffusion(
  exported: ExportedDiffusion,
  fused: ModelSession | undefined,
  loadStep: () => Promise<ModelSession>,
): SearchDiffusion {
  const { config, defaults } = exported;
  if (config.head === 'edm' || !fused) return new WebSampler(exported, fused, loadStep);
  return new CandidateDiffusion({
    config,
    steps: defaults.steps,
    draws: defaults.draws ?? 1,
    async load(steps) {
      if (steps === defaults.steps) return fused;
      throw new InputError(`is ${steps}; this export has the model of ${defaults.steps} steps alone`, {
        field: 'steps',
      });
    },
  });
}

/** The tensors whose names begin so, without that; undefined where there are none. */
function tensorsNamed(tensors: Safetensors['tensors'], start: string): Safetensors['tensors'] | undefined {
  const found = Object.entries(tensors).filter(([name]) => name.startsWith(start));
  return found.length > 0
    ? Object.fromEntries(found.map(([name, value]) => [name.slice(start.length), value]))
    : undefined;
}

class WebSampler extends SetSampler {
  private readonly denoiser: Sessions<'step'>;

  constructor(
    { config, defaults }: ExportedDiffusion,
    fused: ModelSession | undefined,
    load: () => Promise<ModelSession>,
  ) {
    super(config, defaults, fused);
    this.denoiser = new Sessions(load);
  }

  /** The exported step is guided if the run's default is, and no request asks for another guidance. */
  protected stepSession(): Promise<ModelSession> {
    return this.denoiser.get('step');
  }
}

type Get = (name: string) => Promise<Response>;

function reader(base: string | URL, { fetch: own, signal }: LoadWebRetrieverOptions): Get {
  const folder = String(base).replace(/\/*$/, '/');
  const get = own ?? ((url: string, init: { signal?: AbortSignal }) => fetch(url, init));
  return async (name) => {
    const url = `${folder}${name}`;
    const response = await get(url, { signal });
    if (!response.ok) throw new InputError(`cannot be loaded: status ${response.status}`, { file: url });
    return response;
  };
}

const bytes = async (response: Promise<Response>): Promise<Uint8Array> =>
  new Uint8Array(await (await response).arrayBuffer());

function checkManifest(value: unknown, file: string): WebManifest {
  const { format, version } = value as Partial<WebManifest>;
  if (format !== WEB_FORMAT) throw new InputError('holds no exported retriever', { file });
  if (version !== WEB_VERSION)
    throw new InputError(`has version ${version} of the export; use the r4t that wrote it`, { file });
  return value as WebManifest;
}

const parseItems = (text: string): Item[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Item);

function matrixOf({ tensors }: Safetensors, name: string): Matrix {
  const { shape, data } = tensors[name];
  return matrix(shape[0], shape[1], data as Float32Array);
}

/** The encoders among the files, in the order of the space's parts. */
async function includedParts(
  model: ModelSession,
  tensors: Safetensors,
  get: Get,
  { encoder: { words } }: WebManifest,
): Promise<Encoder[]> {
  const first = await useLite(model, tensors, get);
  if (!words) return [first];
  const [table, states] = await Promise.all([
    bytes(get(WEB_FILES.words)).then((data) => WordTable.decode(data, WEB_FILES.words)),
    get(WEB_FILES.states).then((response) => response.json() as Promise<{ parts: { state?: SifState }[] }>),
  ]);
  const state = states.parts[1]?.state;
  if (!state)
    throw new InputError('does not belong to the other files; export again', { file: WEB_FILES.states });
  return [first, new SifEncoder('words', table, state)];
}

async function useLite(session: ModelSession, { tensors }: Safetensors, get: Get): Promise<Encoder> {
  const vocabulary = (await (await get(WEB_FILES.vocabulary)).json()) as Piece[];
  return new UseLiteModel({
    session,
    tokenizer: new UnigramTokenizer({ vocabulary }),
    timing: tensors.timing.data as Float32Array,
    empty: tensors.empty.data as Float32Array,
  });
}

/** The encoder's vectors through the linear map `components` [d, dim], unit rows. */
function projected(encoder: Encoder, components: Matrix): Encoder {
  const { rows: d } = components;
  return {
    id: encoder.id,
    dim: d,
    knows: encoder.knows,
    async encode(texts, control) {
      const full = await encoder.encode(texts, control);
      const out = matrix(full.rows, d);
      for (let i = 0; i < full.rows; i++)
        for (let j = 0; j < d; j++) out.data[i * d + j] = dot(row(full, i), row(components, j));
      return normalizeRows(out);
    },
    release: async () => encoder.release?.(),
  };
}
