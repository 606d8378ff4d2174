import type { DenoiserConfig } from '../diffusion/config.js';
import type { SamplerDefaults } from '../diffusion/setSampler.js';
import type { MethodSettings, Rest } from '../retrieve/method.js';
import type { Method } from '../retrieve/methodNames.js';

/** Files of an exported retriever, all in one folder. */
export const WEB_FILES = {
  manifest: 'retriever.json',
  items: 'items.jsonl',
  /** `vectors` [items, d], `projection` [d, dim], `common.<part>` [r, part's dim], the run's labels; with USE-lite inside also `timing` and `empty`. */
  tensors: 'tensors.safetensors',
  /** What the encoder's parts know of the catalog, as in the run. */
  states: 'space.json',
  /** All denoising steps of the defaults in one model. */
  sampler: 'sampler.onnx',
  /** Texts of the training queries. */
  training: 'training.json',
  /** One denoising step, of a model that draws directions; only fetched when a request wants another number of steps. */
  denoiser: 'denoiser.onnx',
  encoder: 'encoder.onnx',
  vocabulary: 'vocabulary.json',
  /** Word vectors of the default encoder. */
  words: 'words.bin',
} as const;

export const WEB_FORMAT = 'r4t-web';
export const WEB_VERSION = 8;

/** What the names of the tensors of sets that a policy of the user's wrote begin with. */
export const WEB_WRITTEN = 'written.';

/** What `retriever.json` holds. */
export interface WebManifest {
  readonly format: typeof WEB_FORMAT;
  readonly version: number;
  /** Items a set by default. */
  readonly k: number;
  readonly items: number;
  /** The catalog's own names of parts of an item, see `ownNames`. */
  readonly ownNames?: Readonly<Record<string, string>>;
  /** The field that tells the aspects of items, where the config names one. */
  readonly aspect?: string;
  /** What chosen sets go on with. */
  readonly rest?: Rest;
  /** What validation chose for each method, and the method of a request that names none. */
  readonly settings: MethodSettings;
  readonly method: Method;
  /** The encoder's id, and whether it is among the files; `words` tells whether word vectors are part of it. */
  readonly encoder: { readonly id: string; readonly included: boolean; readonly words: boolean };
  /** Whether sub-queries are grounded in the catalog, as those of runs with reference sets are. */
  readonly grounded: boolean;
  /** Absent in a run without a trained diffusion model. */
  readonly diffusion?: {
    readonly config: DenoiserConfig;
    readonly defaults: SamplerDefaults & { readonly draws?: number };
    /** Whether there is a `sampler.onnx`. */
    readonly fused: boolean;
  };
}
