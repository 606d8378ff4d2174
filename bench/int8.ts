/**
 * Products by weights of 8 bits against those of 32: which of ONNX Runtime's operators is quickest, and what the `paper` preset gains.
 *
 *     npx jiti bench/int8.ts                     # --rounds 15 --threads 1
 *
 * Chains of linear layers with biases; the weights of `paper` do not fit into the cache together, as in the model. Then all of one denoising
 * step for k = 10 directions, with random weights, on which time does not depend. Candidates take turns, and a figure is the median of the
 * rounds in milliseconds of processor time, which other work on the machine changes least; `times` is beside 32 bits. `error` is that of
 * the result, relative, as a root mean square.
 *
 * Weights have a scale for each output column (MatMulNBits: for each 64 of one), activations one for all (DynamicQuantizeMatMul,
 * MatMulInteger), one a row (src/engine/int8.ts, which r4t has) or one for 64 of a row (MatMulNBits).
 */
import { createRequire } from 'node:module';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from '../src/averages.js';
import { type DenoiserConfig, presets } from '../src/diffusion/config.js';
import { parameterGraph, samplerOnnx } from '../src/diffusion/model.js';
import { samplingSigmas } from '../src/diffusion/samplingGrid.js';
import { type Feeds, floats, initialize, Session } from '../src/engine/index.js';
import { formatTable } from '../src/evaluate/table.js';
import { CounterRandom } from '../src/random.js';
import { CHAINS, type Chain } from './int8/chains.js';

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '15' }, threads: { type: 'string', default: '1' } },
});
const rounds = Number(options.rounds);
const threads = Number(options.threads);

const SHAPES = [
  { name: 'the most there is', rows: 2048, inner: 1024, outer: 1024, layers: 2 },
  { name: '`paper`, 1 query', rows: 10, inner: 1024, outer: 1024, layers: 16 },
  { name: '`paper`, 8 queries', rows: 80, inner: 1024, outer: 1024, layers: 16 },
  { name: "`paper`'s queries, keys and values, 8 queries", rows: 80, inner: 1024, outer: 3072, layers: 6 },
  { name: '`paper`, 64 queries', rows: 640, inner: 1024, outer: 1024, layers: 16 },
  { name: '`small`, 1 query of 16 draws', rows: 160, inner: 64, outer: 256, layers: 8 },
  { name: '`small`, 8 queries of 16 draws', rows: 1280, inner: 64, outer: 256, layers: 8 },
];

interface Row {
  readonly name: string;
  readonly ms: number;
  readonly times: number;
  readonly error: number;
}

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string };
console.log(
  `onnxruntime-node ${version}, Node.js ${process.version}, ${cpus()[0].model}, ${threads} threads`,
);

for (const { name, rows, inner, outer, layers } of SHAPES) {
  const chain: Chain = Array.from({ length: layers }, (_, i) => {
    const [n, cols] = i % 2 === 0 ? [inner, outer] : [outer, inner];
    return { weight: normals(n * cols, `weight ${i}`, 1 / Math.sqrt(n)), rows: n, cols };
  });
  const models = Object.entries(CHAINS).map(([title, build]) => [title, build(chain)] as const);
  const measured = await compare(models, { x: { data: normals(rows * inner, 'x'), dims: [rows, inner] } });
  const flops = 2 * rows * inner * outer * layers;
  const rate = { title: 'GFLOP/s', value: ({ ms }: Row) => (flops / ms / 1e6).toFixed(0) };
  print(`${name}: ${rows} x ${inner} x ${outer}`, measured, rate);
}

const d = 256;
const config: DenoiserConfig = {
  ...presets.paper,
  dimension: d,
  conditionDimension: d,
  sigmaData: 1 / Math.sqrt(d),
};
const model = { config, parameters: initialize(parameterGraph(config), 1) };
// A network that has learnt nothing puts out zeros.
model.parameters.get('out.weight')!.data.set(normals(config.width * d, 'out', 1 / Math.sqrt(config.width)));
const sigmas = samplingSigmas(config, 'dpmSolverPlusPlus2M', 1);
const models = [false, true].map(
  (int8) => [int8 ? '8 bits' : '32 bits', samplerOnnx(model, { sigmas, guidance: 0, int8 })] as const,
);
for (const batch of [1, 8, 64]) {
  const measured = await compare(models, {
    noise: { data: normals(batch * 10 * d, 'noise'), dims: [batch, 10, d] },
    condition: { data: normals(batch * d, 'queries', config.sigmaData), dims: [batch, d] },
  });
  const each = { title: 'ms a query', value: ({ ms }: Row) => (ms / batch).toFixed(2) };
  print(`\`paper\`, one step, batch ${batch}`, measured, each);
}

function normals(length: number, seed: string, deviation = 1): Float32Array {
  const out = new Float32Array(length);
  new CounterRandom(1, seed).fillNormal(out, deviation);
  return out;
}

/** Times models of one output by turns, the first of which is exact. */
async function compare(models: readonly (readonly [string, Uint8Array])[], feeds: Feeds): Promise<Row[]> {
  const contenders: { name: string; session: Session; result: Float32Array; times: number[] }[] = [];
  for (const [name, bytes] of models) {
    const session = await Session.load(bytes, { threads });
    const [result] = Object.values(await session.run(feeds));
    contenders.push({ name, session, result: floats(result), times: [] });
  }
  for (let round = 0; round < rounds; round++)
    for (const { session, times } of contenders) {
      const before = process.cpuUsage();
      await session.run(feeds);
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
    }
  for (const { session } of contenders) await session.release();
  const exact = contenders[0].result;
  return contenders.map(({ name, result, times }) => ({
    name,
    ms: median(times),
    times: median(contenders[0].times) / median(times),
    error: norm(result.map((y, i) => y - exact[i])) / norm(exact),
  }));
}

function norm(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
}

function print(
  title: string,
  measured: readonly Row[],
  rate: { readonly title: string; readonly value: (row: Row) => string },
): void {
  const columns = [
    { title: '', value: ({ name }: Row) => name },
    { title: 'ms', value: ({ ms }: Row) => ms.toPrecision(3) },
    rate,
    { title: 'times', value: ({ times }: Row) => times.toFixed(2) },
    { title: 'error', value: ({ error }: Row) => error.toPrecision(2) },
  ];
  console.log(`\n${title}\n\n${formatTable(measured, columns, { style: 'markdown' })}`);
}
