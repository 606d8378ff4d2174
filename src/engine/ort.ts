/**
 * The part of ONNX Runtime's JavaScript API that is used, which onnxruntime-node and onnxruntime-web share. Its own types need a browser's,
 * so whoever compiles for Node.js alone could not compile against them.
 */
export interface OrtTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}

export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, never>,
    fetches?: Record<string, never>,
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

interface SessionSettings {
  executionProviders: string[];
  intraOpNumThreads?: number;
  interOpNumThreads?: number;
  graphOptimizationLevel?: 'all';
  logSeverityLevel?: 3;
  extra?: Record<string, unknown>;
}

export interface Ort {
  readonly InferenceSession: {
    create(model: Uint8Array, options: SessionSettings): Promise<OrtSession>;
  };
  readonly Tensor: new (type: never, data: never, dims: readonly number[]) => OrtTensor;
}
