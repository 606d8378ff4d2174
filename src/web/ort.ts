/** ONNX Runtime as the caller brings it: onnxruntime-web in browsers and workers. */
import type { ModelSession } from '../diffusion/setSampler.js';
import type { Ort, OrtTensor } from '../engine/ort.js';
import type { Feeds, Tensor, TensorData } from '../engine/session.js';

export type { Ort };

/** Loads a model. `providers` are tried in their order. */
export async function loadModel(
  ort: Ort,
  model: Uint8Array,
  providers: readonly string[],
): Promise<ModelSession> {
  const session = await ort.InferenceSession.create(model, { executionProviders: [...providers] });
  // A session of onnxruntime-web runs one request at a time.
  let last: Promise<unknown> = Promise.resolve();
  const run = async (feeds: Feeds, into: Feeds): Promise<Record<string, Tensor>> => {
    const inputs = Object.fromEntries(
      session.inputNames.map((name) => [name, toOrt(ort, feeds[name])]),
    ) as Record<string, never>;
    const results = await session.run(inputs);
    const out: Record<string, Tensor> = {};
    for (const name of session.outputNames) {
      const { data, dims } = results[name];
      out[name] = into[name] ?? { data: data as TensorData, dims };
      if (name in into) (into[name].data as Float32Array).set(data as Float32Array);
    }
    return out;
  };
  let released: Promise<void> | undefined;
  return {
    run(feeds, into = {}) {
      const result = last.then(() => run(feeds, into));
      last = result.catch(() => {});
      return result;
    },
    release() {
      released ??= session.release();
      return released;
    },
  };
}

function toOrt({ Tensor }: Ort, { data, dims }: Tensor): OrtTensor {
  const type = data instanceof Int32Array ? 'int32' : 'float32';
  return new Tensor(type as never, data as never, dims);
}
