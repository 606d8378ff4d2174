import type { DenoiserConfig } from '../diffusion/config.js';
import type { SamplerDefaults } from '../diffusion/setSampler.js';

/** Files of an exported retriever, all in one folder. */
export const WEB_FILES = {
  manifest: 'retriever.json',
  items: 'items.jsonl',
  /** `vectors` [items, d], `projection` [d, dim]; with USE-lite inside also `timing` and `empty`. */
  tensors: 'tensors.safetensors',
  /** All denoising steps of the defaults in one model. */
  sampler: 'sampler.onnx',
  /** One denoising step; only fetched when a request wants another number of steps. */
  denoiser: 'denoiser.onnx',
  encoder: 'encoder.onnx',
  vocabulary: 'vocabulary.json',
} as const;

export const WEB_FORMAT = 'r4t-web';
export const WEB_VERSION = 3;

/** What `retriever.json` holds. */
export interface WebManifest {
  readonly format: typeof WEB_FORMAT;
  readonly version: number;
  /** Items a set by default. */
  readonly k: number;
  readonly items: number;
  /** The encoder's id, and whether it is among the files. */
  readonly encoder: { readonly id: string; readonly included: boolean };
  /** The catalog's own names of parts of an item, see `ownNames`. */
  readonly ownNames?: Readonly<Record<string, string>>;
  /** Share of the query in each direction of a fan-out. */
  readonly queryShare: number;
  /** Absent in a run without a trained diffusion model. */
  readonly diffusion?: {
    readonly config: DenoiserConfig;
    readonly defaults: SamplerDefaults;
    /** Whether there is a `sampler.onnx`. */
    readonly fused: boolean;
  };
  readonly lambda?: number;
  readonly theta?: number;
}
