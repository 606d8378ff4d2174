/** ONNX Runtime: the native one of onnxruntime-node, or WebAssembly where that is not to be had. */
import type * as Ort from 'onnxruntime-common';

/** What both runtimes offer. */
type OrtModule = Pick<typeof Ort, 'InferenceSession' | 'Tensor' | 'env'>;

type Tensors = Record<string, Ort.Tensor>;

export interface Runtime {
  readonly ort: OrtModule;
  /** Whether it is onnxruntime-node. */
  readonly isNative: boolean;
  /** Runs a model; what is fetched into a tensor is written there. */
  run(
    session: Ort.InferenceSession,
    feeds: Tensors,
    fetches: Record<string, Ort.Tensor | null>,
  ): Promise<Ort.InferenceSession.OnnxValueMapType>;
}

export interface RuntimeSources {
  native(): Promise<OrtModule>;
  wasm(): Promise<OrtModule>;
  warn(message: string): void;
}

const SOURCES: RuntimeSources = {
  native: () => import('onnxruntime-node'),
  wasm: () => import('@r4t/wasm'),
  warn: (message) => process.emitWarning(message, { type: 'r4t', code: 'R4T_WASM' }),
};

/**
 * Loads the native runtime, else the WebAssembly one, which is slower, with a warning that says so. npm leaves an optional dependency out
 * when its install script fails, and onnxruntime-node has no binaries for some platforms.
 *
 * @throws the error of the native runtime where WebAssembly cannot be loaded either
 */
export async function openRuntime({ native, wasm, warn }: RuntimeSources): Promise<Runtime> {
  try {
    return nativeRuntime(await native());
  } catch (cause) {
    const ort = await wasm().catch(() => {
      throw cause;
    });
    warn(
      `onnxruntime-node ${whyNot(cause)}, so models run on WebAssembly: the same answers, slower (docs/install.md of r4t says by how much, and how to get the native runtime)`,
    );
    return wasmRuntime(ort);
  }
}

const nativeRuntime = (ort: OrtModule): Runtime => ({
  ort,
  isNative: true,
  run: (session, feeds, fetches) => session.run(feeds, fetches),
});

function wasmRuntime(ort: OrtModule): Runtime {
  // Models that answer queries are small: more threads wait for each other longer than they compute.
  ort.env.wasm.numThreads = 1;
  // All its sessions share one memory, in which one request runs at a time.
  let last: Promise<unknown> = Promise.resolve();
  return {
    ort,
    isNative: false,
    run(session, feeds, fetches) {
      const results = last.then(() => session.run(feeds));
      last = results.catch(() => {});
      return results.then((found) => {
        for (const [name, into] of Object.entries(fetches)) {
          if (into) (into.data as Float32Array).set(found[name].data as Float32Array);
        }
        return found;
      });
    },
  };
}

function whyNot(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  if (code === 'ERR_MODULE_NOT_FOUND') return 'is not installed';
  if (code === 'MODULE_NOT_FOUND') return `has no binary for ${process.platform}-${process.arch}`;
  return `cannot be loaded (${message?.split('\n')[0]})`;
}

let loading: Promise<Runtime> | undefined;

/** The runtime of this process, loaded once. */
export function loadRuntime(): Promise<Runtime> {
  loading ??= openRuntime(SOURCES);
  return loading;
}
