import { TrainingError } from '../errors.js';
import { gradients } from './gradients.js';
import type { Value } from './graph.js';
import { encodeOnnx, requiredInputs } from './onnx.js';
import { add, div, maximum, minimum, mul, sqrt, sub, sumSquares } from './ops.js';
import { type AdamWOptions, adamInputs, adamScalars, adamUpdate } from './optimizer.js';
import { likeParameters, type Parameters, parameterFeeds } from './parameters.js';
import { type Feeds, floats, type RuntimeOptions, Session, type Tensor } from './session.js';

export interface TrainerOptions {
  /** Scalar to minimise, in a graph whose parameters are trained. */
  readonly loss: Value;
  /** Start values; the trainer keeps its own copy. */
  readonly parameters: Parameters;
  readonly optimizer?: AdamWOptions;
  /** Gradients are scaled down to this global norm (off). */
  readonly clipNorm?: number;
  /** Decay of an exponential moving average of the parameters (off). */
  readonly emaDecay?: number;
  /** Further values to report at every step. */
  readonly metrics?: Readonly<Record<string, Value>>;
  readonly runtime?: RuntimeOptions;
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
 * Trains a graph: one `session.run` does forward, backward, clipping, AdamW and the moving average. Parameters and
 * optimizer state are inputs and outputs of that run; two sets of buffers take turns.
 */
export class Trainer {
  private steps = 0;

  private constructor(
    private readonly session: Session,
    private current: Record<string, Parameters>,
    private next: Record<string, Parameters>,
    private readonly options: TrainerOptions,
  ) {}

  static async create(options: TrainerOptions): Promise<Trainer> {
    const { loss, parameters, clipNorm, emaDecay, optimizer = {}, metrics = {}, runtime } = options;
    const { graph } = loss;
    const trained = requiredInputs(graph, [loss]).parameters;
    const groups: Record<string, Parameters> = { parameters: pick(parameters, trained) };
    groups['moments.M'] = likeParameters(groups.parameters);
    groups['moments.V'] = likeParameters(groups.parameters);
    if (emaDecay !== undefined) groups.ema = likeParameters(groups.parameters, true);
    for (const name of trained) {
      if (parameters.get(name)?.dims.join() !== graph.parameters.get(name)?.shape.join()) {
        throw new RangeError(`start values of parameter ${name} are missing or have another shape`);
      }
    }
    const outputs = trainingOutputs({ loss, trained, clipNorm, ema: emaDecay !== undefined, optimizer });
    for (const [name, value] of Object.entries(metrics)) outputs[`metric:${name}`] = value;
    // A training is mostly alone on the machine, and its steps follow each other.
    const session = await Session.load(encodeOnnx(graph, { outputs }), { spinning: true, ...runtime });
    const copy = Object.fromEntries(Object.entries(groups).map(([key, p]) => [key, likeParameters(p, true)]));
    const next = Object.fromEntries(Object.entries(groups).map(([key, p]) => [key, likeParameters(p)]));
    return new Trainer(session, copy, next, options);
  }

  /** Steps taken so far. */
  get step(): number {
    return this.steps;
  }

  /**
   * One optimisation step on a batch. Throws TrainingError, leaving the parameters of the step before in place, when
   * the loss or the gradient is not finite.
   */
  async train(batch: Feeds, { learningRate }: { learningRate: number }): Promise<StepResult> {
    const { optimizer = {}, emaDecay = 0 } = this.options;
    const adam = adamScalars(this.steps + 1, learningRate, optimizer);
    const feeds: Record<string, Tensor> = { ...batch };
    const scalars = {
      'adam.stepSize': adam.stepSize,
      'adam.epsilon': adam.epsilon,
      'adam.decay': adam.decay,
      // A young average forgets its random start faster (the usual (1 + t) / (10 + t) ramp).
      'ema.decay': Math.min(emaDecay, (1 + this.steps) / (10 + this.steps)),
    };
    for (const [name, x] of Object.entries(scalars)) feeds[name] = { data: Float32Array.of(x), dims: [] };
    const into: Record<string, Tensor> = {};
    for (const key of Object.keys(this.current)) {
      Object.assign(feeds, parameterFeeds(this.current[key], key === 'parameters' ? '' : `${key}:`));
      Object.assign(into, parameterFeeds(this.next[key], `next.${key}:`));
    }
    const results = await this.session.run(feeds, into);
    const loss = floats(results.loss)[0];
    const gradientNorm = floats(results.gradientNorm)[0];
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingError(`step ${this.steps}: loss ${loss}, gradient norm ${gradientNorm}`, this.steps);
    }
    [this.current, this.next] = [this.next, this.current];
    this.steps++;
    const metrics = Object.fromEntries(
      Object.keys(this.options.metrics ?? {}).map((name) => [name, results[`metric:${name}`]]),
    );
    return { loss, gradientNorm, metrics };
  }

  /** The current parameters, as views: valid until the next step. */
  get parameters(): Parameters {
    return this.current.parameters;
  }

  /** The averaged parameters (the current ones where no average is kept), as views. */
  get averaged(): Parameters {
    return this.current.ema ?? this.current.parameters;
  }

  /** A view of all that a checkpoint must hold; copy or write it before the next step. */
  get state(): TrainerState {
    return { step: this.steps, groups: this.current };
  }

  /**
   * Goes on from a checkpoint: the steps that follow are the same, bit for bit, as without the break.
   * Throws RangeError, changing nothing, when the state is not one of this model.
   */
  restore(state: TrainerState): void {
    const tensors = Object.entries(this.current).flatMap(([key, group]) =>
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

function pick(parameters: Parameters, names: readonly string[]): Parameters {
  return new Map([...parameters].filter(([name]) => names.includes(name)));
}

interface TrainingGraphOptions {
  readonly loss: Value;
  readonly trained: readonly string[];
  readonly clipNorm?: number;
  readonly ema: boolean;
  readonly optimizer: AdamWOptions;
}

/** Appends the backward pass and the update to the graph of `loss`. */
function trainingOutputs({
  loss,
  trained,
  clipNorm,
  ema,
  optimizer,
}: TrainingGraphOptions): Record<string, Value> {
  const { graph } = loss;
  const values = trained.map((name) => graph.parameters.get(name)?.value as Value);
  const raw = gradients(loss, values);
  const gradientNorm = sqrt(raw.map(sumSquares).reduce(add));
  // Pascanu et al. 2013: g * min(1, clip / |g|).
  const scale = clipNorm === undefined ? undefined : minimum(div(clipNorm, maximum(gradientNorm, 1e-12)), 1);
  const adam = adamInputs(graph);
  const emaDecay = ema ? graph.input('ema.decay', []) : undefined;
  const outputs: Record<string, Value> = { loss, gradientNorm };
  values.forEach((value, i) => {
    const { name, shape } = value;
    const gradient = scale ? mul(raw[i], scale) : raw[i];
    const moments = [
      graph.input(`moments.M:${name}`, shape),
      graph.input(`moments.V:${name}`, shape),
    ] as const;
    const updated = adamUpdate(value, gradient, moments, adam, optimizer);
    outputs[`next.parameters:${name}`] = updated.parameter;
    outputs[`next.moments.M:${name}`] = updated.moments[0];
    outputs[`next.moments.V:${name}`] = updated.moments[1];
    if (emaDecay) {
      const average = graph.input(`ema:${name}`, shape);
      outputs[`next.ema:${name}`] = add(updated.parameter, mul(sub(average, updated.parameter), emaDecay));
    }
  });
  return outputs;
}
