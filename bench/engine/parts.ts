/**
 * Where a training step of bench/engine.ts spends its time: `npx jiti bench/engine/parts.ts 3.2M` (or 38M). Forward and backward by operator, as
 * ONNX Runtime's profiler tells it, the fastest of several runs each; and the update, by its three loops.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { gradients } from '../../src/engine/gradients.js';
import { encodeOnnx } from '../../src/engine/onnx.js';
import { adamScalars } from '../../src/engine/optimizer.js';
import { ParameterMemory } from '../../src/engine/parameterMemory.js';
import { lossOf } from './graph.js';
import { BATCH, INPUT, inputData, ROWS, SIZES, startValues, stepFlops, targetData } from './model.js';

const RUNS = 12;
const size = SIZES[process.argv[2] ?? '3.2M'];
if (!size) throw new Error(`give one of ${Object.keys(SIZES).join(', ')}`);
const start = startValues(size);
const loss = lossOf(size);
const values = start.map(({ name }) => loss.graph.parameters.get(name)!.value);
const outputs = Object.fromEntries(gradients(loss, values).map((gradient, i) => [`g${i}`, gradient]));

const folder = mkdtempSync(join(tmpdir(), 'r4t-parts-'));
const session = await ort.InferenceSession.create(encodeOnnx(loss.graph, { outputs: { loss, ...outputs } }), {
  intraOpNumThreads: availableParallelism(),
  interOpNumThreads: 1,
  enableProfiling: true,
  profileFilePrefix: join(folder, 'profile'),
  extra: { session: { intra_op: { allow_spinning: '1' } } },
});
const dims = [BATCH, ROWS, INPUT];
const feeds: Record<string, ort.Tensor> = {
  x: new ort.Tensor('float32', inputData(), dims),
  target: new ort.Tensor('float32', targetData(), dims),
};
for (const { name, shape, data } of start) feeds[name] = new ort.Tensor('float32', data, shape);
const whole = await fastest(() => session.run(feeds));
session.endProfiling();

interface Event {
  readonly name: string;
  readonly dur: number;
  readonly args: { readonly op_name?: string };
}
const [file] = readdirSync(folder);
const events = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Event[];
rmSync(folder, { recursive: true });
/** Microseconds of each node at its fastest, and what it computes. */
const nodes = new Map<string, { op: string; least: number }>();
for (const { name, dur, args } of events) {
  if (!args?.op_name || !name.endsWith('_kernel_time')) continue;
  const op = /MatMul$/.test(args.op_name) ? 'matrix products' : args.op_name;
  nodes.set(name, { op, least: Math.min(dur, nodes.get(name)?.least ?? dur) });
}
const byOp = new Map<string, number>();
for (const { op, least } of nodes.values()) byOp.set(op, (byOp.get(op) ?? 0) + least / 1000);

console.log(`forward and backward: ${whole.toFixed(1)} ms at the fastest, of these by operator`);
const rows = [...byOp].sort((a, b) => b[1] - a[1]).filter(([, ms]) => ms > 0.005 * whole);
for (const [op, ms] of rows) console.log(`  ${op.padEnd(24)} ${ms.toFixed(1)} ms`);
const products = byOp.get('matrix products') ?? Number.NaN;
console.log(`  (products at ${(stepFlops(size) / products / 1e6).toFixed(0)} GFLOP/s)`);

const memory = new ParameterMemory(
  new Map(start.map(({ name, shape, data }) => [name, { data, dims: shape }])),
  {
    ema: false,
  },
);
for (const { data } of memory.gradients.values()) data.fill(1e-3);
const norm = await fastest(() => memory.gradientNorm());
const adamw = await fastest(() => memory.adamw({ scale: 1, ...adamScalars(1, 1e-4, {}) }));
console.log(`update: norm ${norm.toFixed(1)} ms, AdamW ${adamw.toFixed(1)} ms`);

/** Milliseconds. */
async function fastest(work: () => unknown): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const begin = performance.now();
    await work();
    least = Math.min(least, performance.now() - begin);
  }
  return least;
}
