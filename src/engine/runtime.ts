/** ONNX Runtime: the native one of onnxruntime-node, or WebAssembly where that is not to be had. */
import type { Ort, OrtSession, OrtTensor } from './ort.js';
import { withoutTelemetry } from './telemetry.js';

type Tensors = Readonly<Record<string, OrtTensor | null>>;

export interface Runtime {
  readonly ort: Ort;
  /** Whether it is onnxruntime-node. */
  readonly isNative: boolean;
  /** Runs a model; what is fetched into a tensor is written there. */
  run(session: OrtSession, feeds: Tensors, fetches: Tensors): ReturnType<OrtSession['run']>;
}

export interface RuntimeSources {
  native(): Promise<Ort>;
  wasm(): Promise<Ort & { readonly env: { readonly wasm: { numThreads?: number } } }>;
  warn(message: string): void;
}

const SOURCES: RuntimeSources = {
  native() {
    withoutTelemetry();
    return import('onnxruntime-node');
  },
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
    // Models that answer queries are small: more threads wait for each other longer than they compute.
    ort.env.wasm.numThreads = 1;
    warn(
      `onnxruntime-node ${whyNot(cause)}, so models run on WebAssembly: the same answers, several times slower (docs/install.md of r4t)`,
    );
    return wasmRuntime(ort);
  }
}

const nativeRuntime = (ort: Ort): Runtime => ({
  ort,
  isNative: true,
  run: (session, feeds, fetches) =>
    session.run(feeds as Record<string, never>, fetches as Record<string, never>),
});

function wasmRuntime(ort: Ort): Runtime {
  // All its sessions share one memory, in which one request runs at a time.
  let last: Promise<unknown> = Promise.resolve();
  return {
    ort,
    isNative: false,
    run(session, feeds, fetches) {
      const results = last.then(() => session.run(feeds as Record<string, never>));
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
  if (code === 'ERR_MODULE_NOT_FOUND')
    return 'is not installed (npm install with ONNXRUNTIME_NODE_INSTALL=skip set brings it)';
  if (code === 'MODULE_NOT_FOUND') return `has no binary for ${process.platform}-${process.arch}`;
  return `cannot be loaded (${message?.split('\n')[0]})`;
}

let loading: Promise<Runtime> | undefined;

/** The runtime of this process, loaded once. */
export function loadRuntime(): Promise<Runtime> {
  loading ??= openRuntime(SOURCES);
  return loading;
}
