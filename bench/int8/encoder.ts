/**
 * What products of 8 bits would do to the built-in encoder: how many times as quick it is with them, and how many of the ten items that lie
 * nearest to a query stay.
 *
 *     npx jiti bench/int8/encoder.ts packages/demo/kitchen      # --threads 1 --rounds 40
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { median } from '../../src/averages.js';
import { UnigramTokenizer } from '../../src/encode/unigramTokenizer.js';
import { readUseLite } from '../../src/encode/useLite.js';
import { UseLiteModel } from '../../src/encode/useLiteModel.js';
import { type Graph, inInt8, Session } from '../../src/engine/index.js';
import { encodeOnnx } from '../../src/engine/onnx.js';
import { zeros } from '../../src/engine/parameters.js';
import { dot, type Matrix, row } from '../../src/matrix.js';
import { ExactIndex } from '../../src/vectorIndex/exactIndex.js';

const K = 10;

const { values: options, positionals } = parseArgs({
  options: { threads: { type: 'string', default: '1' }, rounds: { type: 'string', default: '40' } },
  allowPositionals: true,
});
const threads = Number(options.threads);
const run = positionals[0] ?? join('packages', 'demo', 'kitchen');
const items = readFileSync(join(run, 'encode', 'items.jsonl'), 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => (JSON.parse(line) as { text: string }).text);
const queries = (
  JSON.parse(readFileSync(join(run, 'encode', 'queries.json'), 'utf8')) as { query: string }[]
).map(({ query }) => query);

const [floats, codes] = [await open(false), await open(true)];

console.log(`${run}: ${queries.length} queries, ${items.length} items, threads ${threads}`);
const usual = { queries: await floats.encode(queries), items: await floats.encode(items) };
const coded = { queries: await codes.encode(queries), items: await codes.encode(items) };
const nearest = await hits(usual.queries, usual.items);
const share = async (of: Matrix, among: Matrix) => percent(same(nearest, await hits(of, among)));
console.log(
  `the ${K} nearest items stay: ${await share(coded.queries, usual.items)} with queries in 8 bits,`,
);
console.log(`  ${await share(coded.queries, coded.items)} with items as well`);
const cosines = queries.map((_, i) => dot(row(usual.queries, i), row(coded.queries, i)));
console.log(`cosine of a query's two vectors: median ${median(cosines).toFixed(4)}`);

for (const batch of [1, 8, 32]) {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < Number(options.rounds); round++) {
    const asked = Array.from({ length: batch }, (_, i) => queries[(round * batch + i) % queries.length]);
    for (const [m, encoder] of [floats, codes].entries()) {
      const started = performance.now();
      await encoder.encode(asked);
      times[m].push((performance.now() - started) / batch);
    }
  }
  const [whole, quick] = times.map(median);
  console.log(
    `batch ${batch}: ${whole.toFixed(2)} ms a query in 32 bits, ${quick.toFixed(2)} in 8, ${(whole / quick).toFixed(2)} times as quick`,
  );
}

/** The encoder in either precision. */
async function open(int8: boolean): Promise<UseLiteModel> {
  const { model, vocabulary } = await readUseLite();
  const weights = int8 ? asParameters(model.graph) : new Map<string, Float32Array>();
  if (int8) inInt8(model.graph, weights);
  const onnx = encodeOnnx(model.graph, { outputs: { vectors: model.vectors }, weights });
  const session = await Session.load(onnx, { threads });
  return new UseLiteModel({ session, tokenizer: new UnigramTokenizer({ vocabulary }), ...model });
}

/** Makes parameters of the constant matrices that are multiplied by; returns their values. */
function asParameters(graph: Graph): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  for (const { op, inputs } of graph.nodes) {
    const value = inputs[1];
    const data = value && graph.constants.get(value);
    if (op !== 'MatMul' || !value || !(data instanceof Float32Array)) continue;
    graph.constants.delete(value);
    graph.parameters.set(value.name, { value, shape: value.shape as number[], init: zeros });
    weights.set(value.name, data);
  }
  return weights;
}

async function hits(of: Matrix, vectors: Matrix): Promise<Int32Array> {
  const index = await ExactIndex.create({ vectors, threads });
  const { indices } = await index.search(of, { k: K });
  await index.release();
  return indices;
}

/** Share of a's hits that b has. */
function same(a: Int32Array, b: Int32Array): number {
  const stays = a.filter((item, at) => {
    const start = at - (at % K);
    return b.subarray(start, start + K).includes(item);
  });
  return stays.length / a.length;
}

function percent(x: number): string {
  return `${(100 * x).toFixed(1)}%`;
}
