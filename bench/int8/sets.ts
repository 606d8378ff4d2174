/**
 * How many items of a set stay where the products of a set diffusion are of 8 bits, and how many times as quick it is.
 *
 *     npx jiti bench/int8/sets.ts                # --width 512 --layers 6 --steps 120 --threads 2
 *
 * Trains a network of the `paper` preset's shape, only narrower, on the sets of `bench/diffusion/tagSets.ts`, and asks it for the held-out
 * queries as a compilation does for its validation queries (src/choose/precision.ts).
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { compareInt8 } from '../../src/choose/precision.js';
import { presets } from '../../src/diffusion/config.js';
import { SetDiffusion } from '../../src/diffusion/setDiffusion.js';
import { trainDiffusion } from '../../src/diffusion/trainDiffusion.js';
import { countParameters } from '../../src/engine/index.js';
import { Bm25 } from '../../src/lexical/bm25.js';
import { ExactIndex } from '../../src/vectorIndex/exactIndex.js';
import { K, TRAIN, tagSets } from '../diffusion/tagSets.js';

const { values: options } = parseArgs({
  options: {
    width: { type: 'string', default: '512' },
    layers: { type: 'string', default: '6' },
    steps: { type: 'string', default: '120' },
    threads: { type: 'string', default: String(availableParallelism()) },
  },
});
const number = (name: keyof typeof options): number => Number(options[name]);
const [width, layers, steps, threads] = [
  number('width'),
  number('layers'),
  number('steps'),
  number('threads'),
];
const runtime = { threads };
const { items, data, held, texts } = await tagSets(threads);

const model = await trainDiffusion({
  data,
  network: { ...presets.paper, width, hidden: width, heads: width / 64, layers },
  steps,
  batchSize: 64,
  learningRate: 3e-4,
  warmupSteps: 40,
  emaDecay: 0.98,
  seed: 1,
  runtime,
});
console.log(
  `${(countParameters(model.parameters) / 1e6).toFixed(1)}M parameters, ${steps} steps of training`,
);

const index = await ExactIndex.create({ vectors: items, threads });
const queries = { texts: texts.slice(TRAIN), vectors: held };
for (const sampling of [{ steps: 1 }, { steps: 4 }, { steps: 16 }]) {
  const { same, timesAsQuick } = await compareInt8({
    queries,
    space: { index, vectors: items, lexicon: () => Bm25.of([]) },
    k: K,
    seed: 1,
    open: (int8) => SetDiffusion.create({ model, ...sampling, int8, runtime }),
  });
  const share = (100 * same).toFixed(2);
  console.log(`${sampling.steps} steps: ${share}% of items stay, ${timesAsQuick.toFixed(2)} times as quick`);
}
await index.release();
