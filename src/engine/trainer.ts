import { TrainingError } from '../errors.js';
import type { Graph, Value } from './graph.js';
import { encodeOnnx, requiredInputs } from './onnx.js';
import { type AdamWOptions, adamScalars } from './optimizer.js';
import { likeParameters, type Parameters, parameterFeeds } from './parameters.js';
import { type Feeds, floats, type RuntimeOptions, Session, type Tensor } from './session.js';
import { accumulationOutputs, separateUpdate, trainingOutputs } from './trainingGraph.js';

export interface TrainerOptions {
  /** Scalar to minimise, in a graph whose parameters are trained. */
  readonly loss: Value;
  /** Start values; the trainer keeps its own copy. */
  readonly parameters: Parameters;
  /** Parameters of the graph which stay as they are. They are read where they lie. */
  readonly frozen?: Parameters;
  /** Whether a step's batch may come in parts, whose gradients are added up (false: forward, backward and update are one run). */
  readonly accumulate?: boolean;
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
 * Trains a graph: one `session.run` does forward, backward, clipping, AdamW and the moving average (where gradients are accumulated, one
 * a part and one for the update). Parameters and optimizer state are inputs and outputs; two sets of buffers take turns.
 */
export class Trainer {
  private steps = 0;

  private constructor(
    private readonly sessions: { readonly update: Session; readonly accumulate?: Session },
    private current: Record<string, Parameters>,
    private next: Record<string, Parameters>,
    private readonly options: TrainerOptions,
  ) {}

  static async create(options: TrainerOptions): Promise<Trainer> {
    const { loss, parameters, frozen, clipNorm, emaDecay, optimizer = {}, metrics = {}, runtime } = options;
    const { graph } = loss;
    const needed = requiredInputs(graph, [loss, ...Object.values(metrics)]).parameters;
    for (const name of needed) {
      const given = frozen?.get(name) ?? parameters.get(name);
      if (given?.dims.join() !== graph.parameters.get(name)?.shape.join())
        throw new RangeError(`start values of parameter ${name} are missing or have another shape`);
    }
    const trained = needed.filter((name) => !frozen?.has(name));
    const groups: Record<string, Parameters> = { parameters: pick(parameters, trained) };
    groups['moments.M'] = likeParameters(groups.parameters);
    groups['moments.V'] = likeParameters(groups.parameters);
    if (emaDecay !== undefined) groups.ema = likeParameters(groups.parameters, true);
    const update = { clipNorm, ema: emaDecay !== undefined, optimizer };
    const reported = Object.fromEntries(Object.entries(metrics).map(([name, x]) => [`metric:${name}`, x]));
    // A training is mostly alone on the machine, and its steps follow each other.
    const load = (of: Graph, outputs: Readonly<Record<string, Value>>) =>
      Session.load(encodeOnnx(of, { outputs }), { spinning: true, ...runtime });
    const separate = options.accumulate ? separateUpdate(loss, trained, update) : undefined;
    const sessions = separate
      ? {
          accumulate: await load(graph, { ...accumulationOutputs(loss, trained), ...reported }),
          update: await load(separate.graph, separate.outputs),
        }
      : { update: await load(graph, { ...trainingOutputs(loss, trained, update), ...reported }) };
    const copy = Object.fromEntries(Object.entries(groups).map(([key, p]) => [key, likeParameters(p, true)]));
    const next = Object.fromEntries(Object.entries(groups).map(([key, p]) => [key, likeParameters(p)]));
    return new Trainer(sessions, copy, next, options);
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
    const { accumulate } = this.sessions;
    if (!accumulate && parts.length !== 1) throw new RangeError('a batch in parts needs `accumulate`');
    const summed = accumulate && (await this.accumulate(accumulate, parts));
    const results = await this.update(summed?.feeds ?? parts[0].feeds, learningRate);
    const loss = summed?.loss ?? floats(results.loss)[0];
    const gradientNorm = floats(results.gradientNorm)[0];
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm)) {
      throw new TrainingError(`step ${this.steps}: loss ${loss}, gradient norm ${gradientNorm}`, this.steps);
    }
    [this.current, this.next] = [this.next, this.current];
    this.steps++;
    const metrics = Object.fromEntries(
      Object.keys(this.options.metrics ?? {}).map((name) => [
        name,
        summed?.metrics[name] ?? results[`metric:${name}`],
      ]),
    );
    return { loss, gradientNorm, metrics };
  }

  /** Runs the update, from the current buffers into the next ones. */
  private update(batch: Feeds, learningRate: number): Promise<Record<string, Tensor>> {
    const { optimizer = {}, emaDecay = 0, frozen } = this.options;
    const adam = adamScalars(this.steps + 1, learningRate, optimizer);
    const feeds: Record<string, Tensor> = { ...batch, ...(frozen && parameterFeeds(frozen)) };
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
    return this.sessions.update.run(feeds, into);
  }

  /** The parts' gradients, losses and metrics, each times its share, summed up. */
  private async accumulate(session: Session, parts: readonly MicroBatch[]): Promise<Accumulated> {
    const { parameters } = this.current;
    const known = { ...parameterFeeds(this.options.frozen ?? new Map()), ...parameterFeeds(parameters) };
    let [sums, next] = [likeParameters(parameters), likeParameters(parameters)];
    let loss = 0;
    const metrics: Record<string, { data: Float32Array; dims: readonly number[] }> = {};
    for (const { feeds, share } of parts) {
      const result = await session.run(
        {
          ...known,
          ...feeds,
          ...parameterFeeds(sums, 'gradients:'),
          share: { data: Float32Array.of(share), dims: [] },
        },
        parameterFeeds(next, 'next.gradients:'),
      );
      [sums, next] = [next, sums];
      loss += share * floats(result.loss)[0];
      for (const name of Object.keys(this.options.metrics ?? {})) {
        const { data, dims } = result[`metric:${name}`];
        metrics[name] ??= { data: new Float32Array(data.length), dims };
        for (let i = 0; i < data.length; i++) metrics[name].data[i] += share * Number(data[i]);
      }
    }
    return { feeds: parameterFeeds(sums, 'gradients:'), loss, metrics };
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
    await this.sessions.accumulate?.release();
    await this.sessions.update.release();
  }
}

interface Accumulated {
  readonly feeds: Feeds;
  readonly loss: number;
  readonly metrics: Readonly<Record<string, Tensor>>;
}

const isParts = (batch: Feeds | readonly MicroBatch[]): batch is readonly MicroBatch[] =>
  Array.isArray(batch);

function pick(parameters: Parameters, names: readonly string[]): Parameters {
  return new Map([...parameters].filter(([name]) => names.includes(name)));
}
