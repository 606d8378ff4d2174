/** The trained set retriever: query embeddings -> sets of directions (docs/paper.md, Set diffusion). */
import { int8IsExact, type RuntimeOptions, Session } from '../engine/index.js';
import { type DiffusionModel, denoiserOnnx, type PrecisionOptions, samplerOnnx } from './model.js';
import type { SamplerName } from './sampling.js';
import { defaultSteps, samplingSigmas } from './samplingGrid.js';
import { Sessions } from './sessions.js';
import { checkSettings, type ModelSession, type SamplerDefaults, SetSampler } from './setSampler.js';

export { defaultSteps, samplingSigmas } from './samplingGrid.js';
export type { SampleOptions } from './setSampler.js';

export interface SetDiffusionOptions {
  readonly model: DiffusionModel;
  /** The sampling defaults, compiled into one graph where the sampler is `dpmSolverPlusPlus2M` and products are of 32 bits. */
  readonly steps?: number;
  readonly sampler?: SamplerName;
  readonly guidance?: number;
  /** Whether large products are of 8 bits (false); 32 where this processor or runtime does not multiply those exactly. */
  readonly int8?: boolean;
  readonly runtime?: RuntimeOptions;
}

/**
 * Samples sets of directions. It holds native memory: `release` it when done.
 *
 * @example
 * const diffusion = await SetDiffusion.create({ model });
 * const directions = await diffusion.sample({ conditions, rows: 10 }); // [10 * conditions.rows, d], unit rows
 */
export class SetDiffusion extends SetSampler {
  private readonly stepwise: Sessions<boolean>;

  private constructor(
    model: DiffusionModel,
    defaults: SamplerDefaults,
    precision: PrecisionOptions,
    runtime: RuntimeOptions | undefined,
    fused: Session | undefined,
  ) {
    super(model.config, defaults, fused);
    this.stepwise = new Sessions((guided) =>
      Session.load(denoiserOnnx(model, { guided, ...precision }), runtime),
    );
  }

  /** Compiles the model for the runtime. */
  static async create(options: SetDiffusionOptions): Promise<SetDiffusion> {
    const { model, sampler = 'dpmSolverPlusPlus2M', guidance = 0, runtime } = options;
    const { steps = defaultSteps(model.config, sampler) } = options;
    checkSettings({ steps, guidance });
    const sigmas = samplingSigmas(model.config, sampler, steps);
    const precision = { int8: options.int8 === true && (await int8IsExact(runtime)) };
    // Several steps of codes as one model take the runtime long to load; each alone is large enough to be asked by itself.
    const isFused = sampler === 'dpmSolverPlusPlus2M' && !(precision.int8 && steps > 1);
    const fused = isFused
      ? // Its operators are too small to share: on two threads the median request took longer than on one.
        await Session.load(samplerOnnx(model, { sigmas, guidance, ...precision }), { ...runtime, threads: 1 })
      : undefined;
    const diffusion = new SetDiffusion(model, { steps, sampler, guidance }, precision, runtime, fused);
    if (precision.int8 && !fused) await diffusion.stepSession(guidance > 0);
    return diffusion;
  }

  protected stepSession(guided: boolean): Promise<ModelSession> {
    return this.stepwise.get(guided);
  }

  /** Frees the native memory. */
  override async release(): Promise<void> {
    await super.release();
    await this.stepwise.release();
  }
}
