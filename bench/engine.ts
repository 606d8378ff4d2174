/**
 * Training-step time of the engine against other libraries on the same model and data.
 *
 *     npm --prefix bench ci                                            # the JavaScript baselines
 *     python3 -m venv ~/torch && ~/torch/bin/pip install torch         # a current PyTorch
 *     npx jiti bench/engine.ts --python ~/torch/bin/python             # --seconds 10 --rounds 3 --sizes 3.2M,38M
 *
 * Those that are missing are skipped. So is a PyTorch below 2: distributions ship 1.13 with a matrix product so slow that it says nothing.
 *
 * Every contender runs in its own process, in turns; a figure is the median over the steps of all rounds.
 */

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../src/averages.js';
import type { Measurement } from './engine/measure.js';
import { SIZES, stepFlops } from './engine/model.js';

interface Contender {
  readonly name: string;
  /** Why it cannot run here. */
  readonly missing?: string;
  readonly command: (size: string) => readonly string[];
}

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    sizes: { type: 'string', default: Object.keys(SIZES).join() },
    /** The Python that has PyTorch. */
    python: { type: 'string', default: process.env.PYTHON ?? 'python3' },
  },
});

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const script = (file: string) => (size: string) => [
  process.execPath,
  path('../node_modules/jiti/lib/jiti-cli.mjs'),
  path(file),
  size,
  options.seconds,
];
const installed = (name: string) =>
  existsSync(path(`node_modules/${name}/package.json`)) ? undefined : 'not installed: npm --prefix bench ci';
const torch = spawnSync(options.python, ['-c', 'import torch; print(torch.__version__)'], {
  encoding: 'utf8',
});
const torchVersion = torch.status === 0 ? torch.stdout.trim() : undefined;

function missingTorch(): string | undefined {
  if (torchVersion === undefined) return `${options.python} has no module torch; see the top of this file`;
  if (Number.parseInt(torchVersion, 10) >= 2) return undefined;
  return `${options.python} has ${torchVersion}; install a current one, see the top of this file`;
}

const contenders: readonly Contender[] = [
  { name: 'r4t', command: script('engine/r4t.ts') },
  {
    name: `PyTorch ${torchVersion ?? ''}`.trim(),
    missing: missingTorch(),
    command: (size) => [
      options.python,
      path('engine/baselines/pytorch.py'),
      `${SIZES[size].width}`,
      `${SIZES[size].layers}`,
      options.seconds,
    ],
  },
  {
    name: 'jax-js (Wasm)',
    missing: installed('@jax-js/jax'),
    command: script('engine/baselines/jax.ts'),
  },
  {
    name: 'tfjs-wasm',
    missing: installed('@tensorflow/tfjs'),
    command: script('engine/baselines/tfjs.ts'),
  },
];

function run({ name, command }: Contender, size: string): Measurement {
  const [file, ...args] = command(size);
  const threads = `${availableParallelism()}`;
  const env = { ...process.env, OMP_NUM_THREADS: threads, OPENBLAS_NUM_THREADS: threads };
  const { stdout, stderr, status } = spawnSync(file, args, { encoding: 'utf8', env });
  if (status !== 0) throw new Error(`${name} failed:\n${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) as string);
}

for (const { name, missing } of contenders) if (missing) console.log(`skipped: ${name} (${missing})`);
for (const size of options.sizes.split(',')) {
  const present = contenders.filter(({ missing }) => !missing);
  const measured = new Map<string, Measurement[]>(present.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(options.rounds); round++) {
    for (const contender of present) measured.get(contender.name)?.push(run(contender, size));
  }
  const reference = measured.get('r4t') as Measurement[];
  const ours = median(reference.flatMap((m) => m.milliseconds));
  const flops = stepFlops(SIZES[size]);
  console.log(`\n${size} parameters, batch 64 x 12 x 128, ${(flops / 1e9).toFixed(1)} GFLOP a step`);
  const rows = present.map(({ name }) => {
    const runs = measured.get(name) as Measurement[];
    const time = median(runs.flatMap((m) => m.milliseconds));
    const error = Math.max(...runs[0].losses.map((loss, i) => Math.abs(loss / reference[0].losses[i] - 1)));
    return {
      contender: name,
      'median ms': Math.round(time),
      'CPU ms': Math.round(median(runs.flatMap((m) => m.cpuMilliseconds))),
      'time / time of r4t': Number((time / ours).toFixed(2)),
      'GFLOP/s': Number((flops / time / 1e6).toFixed(1)),
      'peak MB': Math.round(median(runs.map((m) => m.peakMegabytes))),
      'loss differs by': error.toExponential(0),
    };
  });
  console.table(rows);
}
