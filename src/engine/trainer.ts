import { TrainingError } from '../errors.js';
import { gradients } from './gradients.js';
import type { Value } from './graph.js';
import { encodeOnnx, requiredInputs } from './onnx.js';
import { type AdamWOptions, adamScalars } from './optimizer.js';
import { ParameterMemory } from './parameterMemory.js';
import { type Parameters, parameterFeeds } from './parameters.js';
import { type Feeds, floats, type RuntimeOptions, Session, type Tensor } from './session.js';

export interface TrainerOptions {
  /** Scalar to minimise, in a graph whose parameters are trained. */
  readonly loss: Value;
  /** Start values; the trainer keeps its own copy. */
  readonly parameters: Parameters;
  /** Parameters of the graph which stay as they are. They are read where they lie. */
  readonly frozen?: Parameters;
  readonly optimizer?: AdamWOptions;
  /** Gradients are scaled down to this global norm (off). */
  readonly clipNorm?: number;
  /** Decay of an exponential moving average of the parameters (off). */
  readonly emaDecay?: number;
  /** Further values to report at every step. */
  readonly metrics?: Readonly<Record<string, Value>>;
  readonly runtime?: RuntimeOptions;
}

/** Part of a batch that is too large for one run. */
export interface MicroBatch {
  readonly feeds: Feeds;
  /** What its loss counts in the batch's; all shares add up to 1. */
  readonly share: number;
}

export interface StepResult {
  readonly loss: number;
  /** Global norm of the gradient before clipping. */
  readonly gradientNorm: number;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

/** Everything that changes while training; what a checkpoint holds. */
export interface TrainerState {
  readonly step: number;
  /** `parameters`, `moments.M`, `moments.V` and, where kept, `ema`. */
  readonly groups: Readonly<Record<string, Parameters>>;
}

/**
 * Trains a graph: one `session.run` does forward and backward of a batch, or of a part of it; then the gradients are clipped, and parameters,
 * AdamW's moments and the moving average change in place.
 */
export class Trainer {
  private steps = 0;

  private constructor(
    private readonly session: Session,
    private readonly memory: ParameterMemory,
    private readonly options: TrainerOptions,
  ) {}

  /** @throws RangeError where start values are missing, or there are too many of them */
  static async create(options: TrainerOptions): Promise<Trainer> {
    const { loss, parameters, frozen, emaDecay, metrics = {}, runtime } = options;
    const { graph } = loss;
    const needed = requiredInputs(graph, [loss, ...Object.values(metrics)]).parameters;
    for (const name of needed) {
      const given = frozen?.get(name) ?? parameters.get(name);
      if (given?.dims.join() !== graph.parameters.get(name)?.shape.join())
        throw new RangeError(`start values of parameter ${name} are missing or have another shape`);
    }
    const trained = needed.filter((name) => !frozen?.has(name));
    const memory = new ParameterMemory(pick(parameters, trained), { ema: emaDecay !== undefined });
    const values = trained.map((name) => graph.parameters.get(name)?.value as Value);
    const outputs: Record<string, Value> = { loss };
    gradients(loss, values).forEach((gradient, i) => {
      outputs[`gradient:${trained[i]}`] = gradient;
    });
    for (const [name, value] of Object.entries(metrics)) outputs[`metric:${name}`] = value;
    // A training is mostly alone on the machine, and its steps follow each other.
    const session = await Session.load(encodeOnnx(graph, { outputs }), { spinning: true, ...runtime });
    return new Trainer(session, memory, options);
  }

  /** Steps taken so far. */
  get step(): number {
    return this.steps;
  }

  /**
   * One optimisation step on a batch. Throws TrainingError, leaving the parameters of the step before in place, when
   * the loss or the gradient is not finite.
   */
  async train(
    batch: Feeds | readonly MicroBatch[],
    { learningRate }: { learningRate: number },
  ): Promise<StepResult> {
    const parts = isParts(batch) ? batch : [{ feeds: batch, share: 1 }];
    const { clipNorm = Number.POSITIVE_INFINITY, emaDecay, optimizer = {} } = this.options;
    if (parts.length === 0) throw new RangeError('the batch has no parts');
    const isWhole = parts.length === 1 && parts[0].share === 1;
    const { loss, metrics } = isWhole ? await this.whole(parts[0]) : await this.inParts(parts);
    const gradientNorm = this.memory.gradientNorm();
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingError(`step ${this.steps}: loss ${loss}, gradient norm ${gradientNorm}`, this.steps);
    }
    // Pascanu et al. 2013: g * min(1, clip / |g|).
    const scale = Math.min(1, clipNorm / Math.max(gradientNorm, 1e-12));
    this.memory.adamw({ scale, ...adamScalars(this.steps + 1, learningRate, optimizer) });
    // A young average forgets its random start faster (the usual (1 + t) / (10 + t) ramp).
    if (emaDecay !== undefined) this.memory.average(Math.min(emaDecay, (1 + this.steps) / (10 + this.steps)));
    this.steps++;
    return { loss, gradientNorm, metrics };
  }

  /** Loss, metrics and, in memory, the gradients of a batch in one part, which are written where they belong. */
  private async whole({ feeds }: MicroBatch): Promise<Pick<StepResult, 'loss' | 'metrics'>> {
    const result = await this.run(feeds, parameterFeeds(this.memory.gradients, 'gradient:'));
    const metrics = this.metricNames.map((name) => [name, result[`metric:${name}`]]);
    return { loss: floats(result.loss)[0], metrics: Object.fromEntries(metrics) };
  }

  /** The same of its parts, each times its share. */
  private async inParts(parts: readonly MicroBatch[]): Promise<Pick<StepResult, 'loss' | 'metrics'>> {
    this.memory.clearGradients();
    let loss = 0;
    const metrics: Record<string, { data: Float32Array; dims: readonly number[] }> = {};
    for (const { feeds, share } of parts) {
      const result = await this.run(feeds);
      this.memory.addGradients((name) => floats(result[`gradient:${name}`]), share);
      loss += share * floats(result.loss)[0];
      for (const name of this.metricNames) {
        const { data, dims } = result[`metric:${name}`];
        metrics[name] ??= { data: new Float32Array(data.length), dims };
        for (let i = 0; i < data.length; i++) metrics[name].data[i] += share * Number(data[i]);
      }
    }
    return { loss, metrics };
  }

  private run(feeds: Feeds, into: Feeds = {}): Promise<Record<string, Tensor>> {
    const { frozen = new Map() } = this.options;
    const known = { ...parameterFeeds(frozen), ...parameterFeeds(this.memory.groups.parameters) };
    return this.session.run({ ...known, ...feeds }, into);
  }

  private get metricNames(): string[] {
    return Object.keys(this.options.metrics ?? {});
  }

  /** The current parameters, as views: valid until the next step. */
  get parameters(): Parameters {
    return this.memory.groups.parameters;
  }

  /** The averaged parameters (the current ones where no average is kept), as views. */
  get averaged(): Parameters {
    return this.memory.groups.ema ?? this.memory.groups.parameters;
  }

  /** A view of all that a checkpoint must hold; copy or write it before the next step. */
  get state(): TrainerState {
    return { step: this.steps, groups: this.memory.groups };
  }

  /**
   * Goes on from a checkpoint: the steps that follow are the same, bit for bit, as without the break.
   * Throws RangeError, changing nothing, when the state is not one of this model.
   */
  restore(state: TrainerState): void {
    const tensors = Object.entries(this.memory.groups).flatMap(([key, group]) =>
      [...group].map(([name, tensor]) => {
        const saved = state.groups[key]?.get(name);
        if (saved?.dims.join() !== tensor.dims.join())
          throw new RangeError(`the checkpoint's ${key} ${name} is missing or has another shape`);
        return [tensor, saved] as const;
      }),
    );
    for (const [tensor, saved] of tensors) tensor.data.set(saved.data);
    this.steps = state.step;
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

const isParts = (batch: Feeds | readonly MicroBatch[]): batch is readonly MicroBatch[] =>
  Array.isArray(batch);

function pick(parameters: Parameters, names: readonly string[]): Parameters {
  return new Map([...parameters].filter(([name]) => names.includes(name)));
}
