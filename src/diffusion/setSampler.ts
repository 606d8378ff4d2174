/** Sampling of sets with any runtime: step 3 of R4T as a request sees it (docs/paper.md, Set diffusion). */
import type { Feeds, Tensor } from '../engine/session.js';
import { type Matrix, matrix, normalizeRows, rowRange } from '../matrix.js';
import type { DenoiserConfig } from './config.js';
import { type Denoise, type SamplerName, samplers } from './sampling.js';
import { defaultSteps, samplingSigmas } from './samplingGrid.js';
import { SetNoise } from './setNoise.js';

export interface SampleOptions {
  /** Query embeddings [n, dz]. */
  readonly conditions: Matrix;
  /** k: rows of a set; may differ from the training sets'. */
  readonly rows: number;
  /**
   * Denoising steps (what `create` was given, or the sampler's default). Settings other than those of `create` run step
   * by step, which is slower.
   */
  readonly steps?: number;
  readonly sampler?: SamplerName;
  /** Strength w >= 0 of classifier-free guidance; above 0 every step costs twice. */
  readonly guidance?: number;
  /** The same seed and query give the same set, whatever else is in the batch (0). */
  readonly seed?: number;
  /**
   * Names of the queries' noise, e.g. their texts. Absent: the vectors name it, to the last bit, which another machine or
   * runtime may round otherwise.
   */
  readonly streams?: readonly (string | number)[];
  readonly signal?: AbortSignal;
}

/** How a model samples unless a request says otherwise. */
export interface SamplerDefaults {
  readonly steps: number;
  readonly sampler: SamplerName;
  readonly guidance: number;
}

/** A loaded model; results named in `into` are written there. */
export interface ModelSession {
  run(feeds: Feeds, into?: Feeds): Promise<Record<string, Tensor>>;
  /** Frees the native memory. Twice is as good as once. */
  release(): Promise<void>;
}

/** Sets denoised together: more would fall out of the cache. */
const SETS_PER_RUN = 64;

/** Draws sets of directions. A subclass says where the model comes from. */
export abstract class SetSampler {
  readonly kind = 'directions';

  protected constructor(
    readonly config: DenoiserConfig,
    protected readonly defaults: SamplerDefaults,
    /** All steps of the defaults in one model; absent where these have none. */
    protected readonly fused: ModelSession | undefined,
  ) {}

  /** Frees the models. */
  async release(): Promise<void> {
    await this.fused?.release();
  }

  /** Denoising steps of a request that does not say. */
  get steps(): number {
    return this.defaults.steps;
  }

  /** The model of a single denoising step, loaded when it is first asked for. */
  protected abstract stepSession(guided: boolean): Promise<ModelSession>;

  /**
   * Draws the sets: [n * rows, d], unit rows, query by query.
   *
   * @throws RangeError for conditions of another length than the model's, or settings out of range
   */
  async sample(options: SampleOptions): Promise<Matrix> {
    const { conditions, rows, seed = 0, streams, signal } = options;
    const { dimension: d, conditionDimension: dz } = this.config;
    const { sampler = this.defaults.sampler } = options;
    const usual =
      sampler === this.defaults.sampler ? this.defaults.steps : defaultSteps(this.config, sampler);
    const settings = {
      steps: options.steps ?? usual,
      sampler,
      guidance: options.guidance ?? this.defaults.guidance,
    };
    checkSettings({ ...settings, rows });
    if (conditions.cols !== dz)
      throw new RangeError(`conditions have length ${conditions.cols}, the model wants ${dz}`);
    const perQuery = rows * d;
    const out = matrix(conditions.rows * rows, d);
    for (let start = 0; start < conditions.rows; start += SETS_PER_RUN) {
      signal?.throwIfAborted();
      const end = Math.min(start + SETS_PER_RUN, conditions.rows);
      const condition = rowRange(conditions, start, end);
      const stream = streams && ((i: number) => streams[start + i]);
      const noise = new SetNoise({ conditions: condition, candidates: 1, seed, stream });
      const chunk = out.data.subarray(start * perQuery, end * perQuery);
      await this.run({ condition, noise, chunk, rows, signal, ...settings });
    }
    return normalizeRows(out);
  }

  /** Fills `chunk` [queries, rows, d]. */
  private async run(request: {
    condition: Matrix;
    noise: SetNoise;
    chunk: Float32Array;
    rows: number;
    steps: number;
    sampler: SamplerName;
    guidance: number;
    signal?: AbortSignal;
  }): Promise<void> {
    const { condition, noise, chunk, rows, steps, sampler, guidance, signal } = request;
    const dims = [condition.rows, rows, this.config.dimension];
    const feed = { data: condition.data, dims: [condition.rows, condition.cols] };
    const into = { clean: { data: chunk, dims } };
    const { defaults, fused } = this;
    if (fused && steps === defaults.steps && sampler === defaults.sampler && guidance === defaults.guidance) {
      const normals = new Float32Array(chunk.length);
      noise.fillNormal(normals);
      await fused.run({ noise: { data: normals, dims }, condition: feed }, into);
      return;
    }
    const session = await this.stepSession(guidance > 0);
    const strength = { data: Float32Array.of(guidance), dims: [] };
    const denoise: Denoise = async (x, sigma) => {
      const level = { data: Float32Array.of(sigma), dims: [1, 1, 1] };
      const feeds = { x: { data: x, dims }, sigma: level, condition: feed, guidance: strength };
      return (await session.run(feeds, into)).clean.data as Float32Array;
    };
    const sigmas = samplingSigmas(this.config, sampler, steps);
    const x = new Float32Array(chunk.length);
    noise.fillNormal(x, sigmas[0]);
    chunk.set(await samplers[sampler](denoise, x, sigmas, { random: noise, signal }));
  }
}

export function checkSettings(settings: Readonly<Record<string, unknown>>): void {
  for (const name of ['steps', 'rows']) {
    const value = settings[name];
    if (value !== undefined && !(Number.isInteger(value) && (value as number) >= 1))
      throw new RangeError(`${name} must be a whole number from 1, got ${value}`);
  }
  const { guidance } = settings;
  if (!((guidance as number) >= 0)) throw new RangeError(`guidance must be 0 or more, got ${guidance}`);
}
