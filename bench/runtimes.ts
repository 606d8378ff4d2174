/**
 * Searches a run on onnxruntime-node and on the WebAssembly runtime that stands in for it: processor time a query, which other work on the
 * machine leaves as it is, and whether the sets are the same.
 *
 *     npm run build && npx jiti bench/runtimes.ts packages/demo/kitchen
 */
import { execFileSync } from 'node:child_process';

const [run = 'packages/demo/kitchen'] = process.argv.slice(2);

/** Refuses to find onnxruntime-node. */
const HOOKS = `export async function resolve(name, context, next) {
  if (name === 'onnxruntime-node') throw Object.assign(new Error('hidden'), { code: 'ERR_MODULE_NOT_FOUND' });
  return next(name, context);
}`;
const hide = `import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOKS))});`;

const MEASURE = `
import { readFileSync } from 'node:fs';
import { Retriever } from 'r4t';
const run = ${JSON.stringify(run)};
const queries = JSON.parse(readFileSync(run + '/encode/queries.json', 'utf8')).filter(({ split }) => split === 'test').map(({ query }) => query);
const [warm, timed] = [queries.slice(0, 40), queries.slice(40, 240)];
const report = {};
for (const method of ['plain', 'diffusion', 'folm']) {
  // Loaded anew, so that no query's vector is remembered.
  const retriever = await Retriever.load(run, { threads: 1 });
  for (const query of warm) await retriever.search(query, { method });
  const before = process.cpuUsage();
  const sets = [];
  for (const query of timed) sets.push((await retriever.search(query, { method })).items.map(({ id }) => id));
  const { user, system } = process.cpuUsage(before);
  report[method] = { ms: (user + system) / 1000 / timed.length, sets };
  await retriever[Symbol.asyncDispose]();
}
console.log(JSON.stringify(report));`;

type Report = Record<string, { readonly ms: number; readonly sets: string[][] }>;

const native = measure([]);
const wasm = measure(['--import', dataUrl(hide)]);
for (const [method, { ms, sets }] of Object.entries(native)) {
  const other = wasm[method] as Report[string];
  const same = sets.filter((set, i) => set.join() === other.sets[i]?.join()).length;
  console.log(
    `${method}: ${ms.toFixed(2)} ms a query, on WebAssembly ${other.ms.toFixed(2)} (${(other.ms / ms).toFixed(1)} times); ${same} of ${sets.length} sets are the same`,
  );
}

function measure(flags: readonly string[]): Report {
  const args = [...flags, '--input-type=module', '--eval', MEASURE];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Report;
}

function dataUrl(code: string): string {
  return `data:text/javascript,${encodeURIComponent(code)}`;
}
