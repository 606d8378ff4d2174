import { freemem } from 'node:os';
import {
  type Feeds,
  type Graph,
  initialize,
  type Parameters,
  parameterFeeds,
  type RuntimeOptions,
  Session,
  type Value,
} from '../../engine/index.js';
import { InputError } from '../../errors.js';
import type { RunControl } from '../../progress.js';
import { logits } from './blocks.js';
import { type LanguageModelConfig, nextToken, pickPositions, sequenceGraph, stepGraph } from './graphs.js';
import type { WeightFile } from './settings.js';

interface Compiled {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Value>>;
}

/**
 * A pretrained model in memory. Its weights lie there once, as float32: every graph that reads them is fed the same arrays. It holds
 * native memory: `release` it when done.
 */
export class LanguageModel {
  private readonly sessions = new Map<string, Promise<Session>>();

  private constructor(
    readonly config: LanguageModelConfig,
    /** The weights that are not trained. */
    readonly frozen: Parameters,
    /** The adapter's, where there is one; those of a training are set here. */
    public adapter: Parameters,
    private readonly runtime?: RuntimeOptions,
  ) {}

  /**
   * @param adapter values to begin with (drawn by `seed`; an adapter that was drawn changes nothing before it is trained)
   */
  static create(
    config: LanguageModelConfig,
    frozen: Parameters,
    { adapter, seed = 0, runtime }: { adapter?: Parameters; seed?: number; runtime?: RuntimeOptions } = {},
  ): LanguageModel {
    return new LanguageModel(config, frozen, adapter ?? freshAdapter(config, seed), runtime);
  }

  /** The same model with another adapter (one that changes nothing); the weights that are not trained are shared. */
  withAdapter(adapter: Parameters = freshAdapter(this.config, 0)): LanguageModel {
    return new LanguageModel(this.config, this.frozen, adapter, this.runtime);
  }

  /** The likeliest continuations of a laid-out tree at the input `positions`, and each layer's keys and values. */
  read(): Promise<Session> {
    return this.session('read', () => {
      const { graph, hidden, keys, values } = sequenceGraph(this.config);
      const next = nextToken(this.config.settings, pickPositions(hidden));
      return { graph, outputs: { ...next, ...layered('keys', keys), ...layered('values', values) } };
    });
  }

  /** A step of `samples` continuations a prompt. */
  step(samples: number): Promise<Session> {
    return this.session(`step ${samples}`, () => {
      const { graph, keys, values, probabilities, entropies } = stepGraph(this.config, samples);
      const outputs = { probabilities, entropies, ...layered('keys', keys), ...layered('values', values) };
      return { graph, outputs };
    });
  }

  /** What every graph is fed beside its tokens. */
  get feeds(): Feeds {
    return { ...parameterFeeds(this.frozen), ...parameterFeeds(this.adapter) };
  }

  async release(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }

  private session(name: string, build: () => Compiled): Promise<Session> {
    const known = this.sessions.get(name);
    if (known) return known;
    const { graph, outputs } = build();
    const session = Session.compile(graph, outputs, this.runtime);
    this.sessions.set(name, session);
    return session;
  }
}

const layered = (name: string, values: readonly Value[]): Record<string, Value> =>
  Object.fromEntries(values.map((value, layer) => [`${name}.${layer}`, value]));

/** Whether a tensor of that name is an adapter's. */
export const isAdapter = (name: string): boolean => name.includes('.lora_');

/** A graph with every parameter of the model. */
export function modelGraph(config: LanguageModelConfig): Graph {
  const { graph, hidden } = sequenceGraph(config);
  logits(config.settings, hidden);
  return graph;
}

function freshAdapter(config: LanguageModelConfig, seed: number): Parameters {
  if (!config.lora) return new Map();
  const graph = modelGraph(config);
  for (const name of graph.parameters.keys()) if (!isAdapter(name)) graph.parameters.delete(name);
  return initialize(graph, seed);
}

/** Bytes that a model's frozen weights take, as float32. */
export const weightBytes = (config: LanguageModelConfig): number =>
  [...modelGraph({ settings: config.settings }).parameters.values()].reduce(
    (bytes, { shape }) => bytes + 4 * shape.reduce((n, d) => n * d, 1),
    0,
  );

/**
 * Reads the weights of a model, one tensor after another.
 *
 * @param file named in errors
 * @throws InputError if a tensor is missing or of another shape, or the memory that is free will not hold them
 */
export async function readWeights(
  weights: WeightFile,
  file: string,
  { signal, onProgress }: RunControl = {},
): Promise<Parameters> {
  const { settings } = weights;
  const wanted = [...modelGraph({ settings }).parameters].map(([name, { shape }]) => ({ name, shape }));
  const names = new Set(weights.names);
  for (const { name, shape } of wanted) {
    if (!names.has(name))
      throw new InputError(
        `has no tensor "${name}", which a ${settings.architecture} of ${settings.layers} layers has`,
        { file },
      );
    if (weights.shape(name).join() !== shape.join())
      throw new InputError(
        `tensor "${name}" is [${weights.shape(name)}], and by the model's settings [${shape}]`,
        { file },
      );
  }
  checkMemory(weightBytes({ settings }), file);
  const parameters: Parameters = new Map();
  for (const { name, shape } of wanted) {
    signal?.throwIfAborted();
    parameters.set(name, { data: await weights.read(name), dims: shape });
    onProgress?.({ stage: 'policy/read-model', done: parameters.size, total: wanted.length });
  }
  return parameters;
}

const gigabytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GB`;

/** @throws InputError if less memory is free than the weights take */
function checkMemory(bytes: number, file: string): void {
  const free = freemem();
  if (bytes > free)
    throw new InputError(
      `takes ${gigabytes(bytes)} of memory as float32, and ${gigabytes(free)} are free; use a smaller model, or policy "gguf", which leaves it quantised`,
      { file },
    );
}
