/**
 * Makes `packages/demo/kitchen` of the quickstart's run: what answering needs, small enough for a package of its own. Floats keep twelve bits
 * of their fraction, which leaves the sets as they are (the last line counts them) and shrinks the package by a quarter.
 *
 *   npm run demo:build
 */
import { copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Retriever } from 'r4t';
import { readSafetensors, type StoredTensor, writeSafetensors } from 'r4t/engine';
import { readLines } from '../examples/quickstart/data.js';
import { checksumsOf, writeSealedJson } from '../src/checksums.js';
import { RunFolder } from '../src/run/runFolder.js';

const FROM = join('runs', 'quickstart');
const TO = join('packages', 'demo', 'kitchen');
/** Stages whose files searches read. That synthesis was done stays in the manifest, without its shards. */
const STAGES = ['encode', 'warm-start', 'policy', 'diffusion'] as const;
const DROPPED_BITS = 11;
const METHODS = ['plain', 'folm', 'diffusion'] as const;

await rm(TO, { recursive: true, force: true });
for (const stage of STAGES) {
  await mkdir(join(TO, stage), { recursive: true });
  for (const file of await readdir(join(FROM, stage))) await copy(join(stage, file));
}
await copyPictures(join(TO, 'encode', 'items.jsonl'));
await writeManifest();
console.log(`${await sameSets()} as in ${FROM}`);

async function copy(file: string): Promise<void> {
  if (!file.endsWith('.safetensors')) return copyFile(join(FROM, file), join(TO, file));
  const { tensors, metadata } = await readSafetensors(join(FROM, file));
  const short = Object.entries(tensors).map(([name, tensor]) => [name, shortened(tensor)]);
  await writeSafetensors(join(TO, file), Object.fromEntries(short) as typeof tensors, metadata);
}

/** Rounded to the nearest number whose last bits are zero. */
function shortened({ shape, data }: StoredTensor): StoredTensor {
  if (!(data instanceof Float32Array)) return { shape, data };
  const half = 1 << (DROPPED_BITS - 1);
  const bits = new Uint32Array(data.slice().buffer).map((b) => ((b + half) >>> DROPPED_BITS) << DROPPED_BITS);
  return { shape, data: new Float32Array(bits.buffer) };
}

/** Puts the items' pictures into the run, by paths from there. */
async function copyPictures(file: string): Promise<void> {
  await mkdir(join(TO, 'pictures'));
  const items = readLines<{ image?: string }>(file);
  const moved = items.map(({ image, ...item }) => ({
    ...item,
    ...(image !== undefined && { image: `pictures/${basename(image)}` }),
  }));
  for (const image of new Set(items.flatMap((item) => item.image ?? [])))
    await copyFile(image, join(TO, 'pictures', basename(image)));
  await writeFile(file, moved.map((item) => `${JSON.stringify(item)}\n`).join(''));
}

async function writeManifest(): Promise<void> {
  const { manifest } = await RunFolder.open(FROM);
  const { evaluate: _, ...stages } = manifest.stages;
  const records = Object.entries(stages).map(async ([stage, record]) => [
    stage,
    { ...record, files: await checksumsOf(join(TO, stage)) },
  ]);
  await writeSealedJson(join(TO, 'run.json'), {
    ...manifest,
    stages: Object.fromEntries(await Promise.all(records)),
  });
}

/** How many of the test queries' sets are the same in both runs, whatever their order. */
async function sameSets(): Promise<string> {
  const queries = (JSON.parse(await readFile(join(FROM, 'encode', 'queries.json'), 'utf8')) as Query[])
    .filter(({ split }) => split === 'test')
    .map(({ query }) => query);
  const [all, demo] = [await Retriever.load(FROM), await Retriever.load(TO)];
  let same = 0;
  for (const method of METHODS) {
    for (const query of queries) {
      const [a, b] = [await all.search(query, { method }), await demo.search(query, { method })];
      const ids = new Set(a.items.map(({ id }) => id));
      if (b.items.every(({ id }) => ids.has(id))) same++;
    }
  }
  return `${same} of ${METHODS.length * queries.length} sets of ${METHODS.join(', ')}`;
}

interface Query {
  readonly query: string;
  readonly split: string;
}
