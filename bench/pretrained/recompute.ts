/**
 * Memory and time of a training step of a pretrained model, with the activations of all blocks kept for the gradients and with each block
 * computed once more (the setting `policy.recompute`).
 *
 *     npx jiti bench/pretrained/recompute.ts --model SmolLM2-135M-Instruct.Q4_1.gguf [--completions 8] [--tokens 60] [--steps 5]
 *
 * A step is one prompt with so many completions of so many tokens, which are drawn: the model neither writes nor learns anything. Each way
 * has a process of its own, since peak memory is a process's.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { median } from '../../src/averages.js';
import { ops, Trainer } from '../../src/engine/index.js';
import { LORA_TARGETS } from '../../src/policy/pretrained/lora.js';
import { openPretrained } from '../../src/policy/pretrained/openPretrained.js';
import { tokenMean } from '../../src/policy/softGrpo.js';
import { CounterRandom } from '../../src/random.js';

const { values: args } = parseArgs({
  options: {
    model: { type: 'string' },
    completions: { type: 'string', default: '8' },
    tokens: { type: 'string', default: '60' },
    steps: { type: 'string', default: '5' },
    threads: { type: 'string', default: '2' },
    /** In a process of this file's own: which way it measures. */
    way: { type: 'string' },
  },
});
const { model } = args;
if (!model) throw new Error('give --model');

const megabytes = (bytes: number): number => Math.round(bytes / 2 ** 20);

interface Measured {
  readonly weights: number;
  readonly peak: number;
  readonly seconds: number;
  readonly loss: number;
}

async function measure(recompute: boolean, file: string): Promise<Measured> {
  const runtime = { threads: Number(args.threads) };
  const lora = { rank: 16, alpha: 32, targets: LORA_TARGETS };
  const policy = await openPretrained({ model: file, k: 10, lora, recompute, seed: 1, runtime });
  const weights = megabytes([...policy.frozen.values()].reduce((sum, { data }) => sum + data.byteLength, 0));
  const { logProbs, weights: said } = policy.graph();
  const trainer = await Trainer.create({
    loss: ops.neg(tokenMean(logProbs, said)),
    parameters: policy.parameters,
    frozen: policy.frozen,
    runtime,
  });
  const random = new CounterRandom(1, 'completions');
  const tokens = () => Int32Array.from({ length: Number(args.tokens) }, () => random.integer(10_000));
  const seconds: number[] = [];
  let loss = 0;
  for (let step = 0; step <= Number(args.steps); step++) {
    const completions = Array.from({ length: Number(args.completions) }, () => ({ tokens: tokens() }));
    const { feeds } = await policy.feeds({ texts: ['camping gear'] }, completions);
    const start = performance.now();
    ({ loss } = await trainer.train(feeds, { learningRate: 1e-4 }));
    // The first one allocates.
    if (step > 0) seconds.push((performance.now() - start) / 1000);
  }
  // Kilobytes, on every system.
  const peak = megabytes(process.resourceUsage().maxRSS * 1024);
  return { weights, peak, seconds: median(seconds), loss };
}

if (args.way) console.log(JSON.stringify(await measure(args.way === 'recomputed', model)));
else {
  const jiti = fileURLToPath(new URL('../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url));
  const [kept, recomputed] = ['kept', 'recomputed'].map((way): Measured => {
    const own = [jiti, fileURLToPath(import.meta.url), ...process.argv.slice(2), '--way', way];
    const measured: Measured = JSON.parse(execFileSync(process.execPath, own, { encoding: 'utf8' }));
    const { weights, peak, seconds, loss } = measured;
    console.log(
      `${way.padEnd(11)} peak ${peak} MB (weights ${weights} MB), ${seconds.toFixed(2)} s a step, loss ${loss.toFixed(4)}`,
    );
    return measured;
  });
  const of = (key: 'peak' | 'seconds') => (recomputed[key] / kept[key]).toFixed(2);
  console.log(`recomputed / kept: memory ${of('peak')}, time ${of('seconds')}`);
}
