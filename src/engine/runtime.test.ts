/** Where onnxruntime-node cannot be loaded, the same models run on WebAssembly. */
import { expect, it } from 'vitest';
import { Graph } from './graph.js';
import { encodeOnnx } from './onnx.js';
import * as ops from './ops.js';
import { openRuntime } from './runtime.js';
import { Session } from './session.js';

const missing = (code: string, message = 'no') => Object.assign(new Error(message), { code });

/** WebAssembly, and what was warned of. */
async function fallBack(cause: Error) {
  const warnings: string[] = [];
  const runtime = await openRuntime({
    native: () => Promise.reject(cause),
    wasm: () => import('onnxruntime-web'),
    warn: (message) => warnings.push(message),
  });
  return { runtime, warnings };
}

it('takes the native runtime where there is one, and warns of nothing', async () => {
  const ort = await import('onnxruntime-node');
  const unwanted = () => {
    throw new Error('not to be asked');
  };
  const runtime = await openRuntime({ native: async () => ort, wasm: unwanted, warn: unwanted });
  expect(runtime.isNative).toBe(true);
});

it.each([
  [
    missing('ERR_MODULE_NOT_FOUND'),
    'onnxruntime-node is not installed (npm install with ONNXRUNTIME_NODE_INSTALL=skip set brings it), so',
  ],
  [missing('MODULE_NOT_FOUND'), `onnxruntime-node has no binary for ${process.platform}-${process.arch}, so`],
  [missing('ERR_DLOPEN_FAILED', 'no libc\nno more'), 'onnxruntime-node cannot be loaded (no libc), so'],
])('says in one line why it falls back: %s', async (cause, start) => {
  const { runtime, warnings } = await fallBack(cause);
  expect(runtime.isNative).toBe(false);
  expect(warnings).toEqual([expect.stringContaining(start)]);
  expect(warnings[0]).not.toContain('\n');
});

it('fails with the native error where WebAssembly is missing too', async () => {
  const opened = openRuntime({
    native: () => Promise.reject(missing('ERR_MODULE_NOT_FOUND', 'native')),
    wasm: () => Promise.reject(new Error('wasm')),
    warn: () => {},
  });
  await expect(opened).rejects.toThrow('native');
});

it('runs a model on WebAssembly, many requests at once, into the buffers given', async () => {
  const graph = new Graph();
  const x = graph.input('x', ['n', 3]);
  const model = encodeOnnx(graph, {
    outputs: { y: ops.matmul(x, ops.transpose(x, [1, 0])), z: ops.add(x, 1) },
  });
  const { runtime } = await fallBack(missing('ERR_MODULE_NOT_FOUND'));
  const session = await Session.load(model, {}, runtime);
  const into = Array.from({ length: 8 }, () => ({ data: new Float32Array(4), dims: [2, 2] }));
  const results = await Promise.all(
    into.map((y, i) => session.run({ x: { data: Float32Array.of(i, 1, 0, 0, 1, i), dims: [2, 3] } }, { y })),
  );
  await session.release();
  for (const [i, { y, z }] of results.entries()) {
    expect(y).toBe(into[i]);
    expect([...y.data]).toEqual([i * i + 1, 1, 1, i * i + 1]);
    expect([...z.data]).toEqual([i + 1, 2, 1, 1, 2, i + 1]);
  }
});

it('has no GPU on WebAssembly', async () => {
  const { runtime } = await fallBack(missing('ERR_MODULE_NOT_FOUND'));
  const loaded = Session.load(new Uint8Array(), { device: 'webgpu' }, runtime);
  await expect(loaded).rejects.toThrow('"webgpu" needs onnxruntime-node');
});
