/** Runs ONNX models: a thin layer over ONNX Runtime which speaks in typed arrays. */
import { availableParallelism } from 'node:os';
import { InputError } from '../errors.js';
import type { Graph, Value } from './graph.js';
import { encodeOnnx } from './onnx.js';
import type { OrtSession, OrtTensor } from './ort.js';
import { loadRuntime, type Runtime } from './runtime.js';

export type Device = 'cpu' | 'webgpu' | 'cuda';

export interface RuntimeOptions {
  /** Where the model runs ('cpu'). */
  readonly device?: Device;
  /** Threads of one operator (all cores). */
  readonly threads?: number;
  /**
   * Whether threads that have nothing to do wait for it by spinning (false; a `Trainer`: true). One session alone on an idle machine
   * makes a step some 15% faster with it; where several sessions take turns, each one's idle threads hold the cores the next one wants.
   */
  readonly spinning?: boolean;
}

export type TensorData = Float32Array | Float64Array | Int32Array | BigInt64Array | Int8Array | Uint8Array;

/** A dense tensor in row-major order. A Uint8Array holds booleans. */
export interface Tensor {
  readonly data: TensorData;
  readonly dims: readonly number[];
}
export type Feeds = Readonly<Record<string, Tensor>>;

/** A float32 result, as most are. */
export const floats = (tensor: Tensor): Float32Array => tensor.data as Float32Array;

export class Session {
  private released: Promise<void> | undefined;

  private constructor(
    private readonly runtime: Runtime,
    private readonly session: OrtSession,
  ) {}

  /**
   * Loads a serialised ONNX model. Rejects with the runtime's error if it is no valid model.
   *
   * @param runtime - the process's own
   * @throws {InputError} for another device than the CPU where onnxruntime-node cannot be loaded
   */
  static async load(
    model: Uint8Array,
    { device = 'cpu', threads = availableParallelism(), spinning = false }: RuntimeOptions = {},
    runtime?: Runtime,
  ): Promise<Session> {
    runtime ??= await loadRuntime();
    const { ort, isNative } = runtime;
    if (!isNative && device !== 'cpu') {
      throw new InputError(`"${device}" needs onnxruntime-node, which cannot be loaded; choose "cpu"`, {
        field: 'device',
      });
    }
    const session = await ort.InferenceSession.create(model, {
      executionProviders: [isNative ? device : 'wasm'],
      intraOpNumThreads: threads,
      interOpNumThreads: 1,
      graphOptimizationLevel: 'all',
      // 3 = errors only: warnings about unused initialisers say nothing to a user.
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
    });
    return new Session(runtime, session);
  }

  /** Compiles the part of a graph which the outputs need; its parameters become inputs. */
  static compile(
    graph: Graph,
    outputs: Readonly<Record<string, Value>>,
    runtime: RuntimeOptions = {},
  ): Promise<Session> {
    return Session.load(encodeOnnx(graph, { outputs }), runtime);
  }

  /**
   * Runs the model. Outputs named in `into` are written into the given buffers; the feeds are read where they lie. Neither may be
   * touched before the promise settles. The binding copies every output once on its way out, also one it was given a buffer for, so
   * a model should put out no more than is needed.
   */
  async run(feeds: Feeds, into: Feeds = {}): Promise<Record<string, Tensor>> {
    const tensor = (value: Tensor) => toOrt(this.runtime, value);
    const fetches: Record<string, OrtTensor | null> = {};
    for (const name of this.session.outputNames) fetches[name] = name in into ? tensor(into[name]) : null;
    const inputs: Record<string, OrtTensor> = {};
    for (const name of this.session.inputNames) {
      if (!(name in feeds)) throw new RangeError(`the model's input ${name} was not fed`);
      inputs[name] = tensor(feeds[name]);
    }
    const results = await this.runtime.run(this.session, inputs, fetches);
    const out: Record<string, Tensor> = {};
    for (const name of this.session.outputNames) {
      out[name] = into[name] ?? { data: results[name].data as TensorData, dims: results[name].dims };
    }
    return out;
  }

  get inputNames(): readonly string[] {
    return this.session.inputNames;
  }

  /**
   * Frees the native memory at once instead of at the next garbage collection; nothing may be running. A session may be shared, so
   * asking again does nothing.
   */
  release(): Promise<void> {
    this.released ??= this.session.release();
    return this.released;
  }
}

function toOrt({ ort }: Runtime, { data, dims }: Tensor): OrtTensor {
  return new ort.Tensor(typeOf(data) as never, data as never, dims);
}

function typeOf(data: TensorData): string {
  if (data instanceof Float32Array) return 'float32';
  if (data instanceof Int32Array) return 'int32';
  if (data instanceof Int8Array) return 'int8';
  if (data instanceof Uint8Array) return 'bool';
  if (data instanceof BigInt64Array) return 'int64';
  return 'float64';
}
