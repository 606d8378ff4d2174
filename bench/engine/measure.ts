import { SIZES } from './model.js';

/** What a contender's process prints as its last line. */
export interface Measurement {
  /** Milliseconds of each measured training step. */
  readonly milliseconds: readonly number[];
  /** The same steps in processor time, all threads added up: it depends less on what else the machine does. */
  readonly cpuMilliseconds: readonly number[];
  /** Losses of the first steps, which must agree between contenders. */
  readonly losses: readonly number[];
  readonly peakMegabytes: number;
}

const WARM_UP = 3;

/** Runs `step` (which returns the loss) for about `seconds`, at least three times after the warm-up. */
export async function measure(step: () => Promise<number> | number, seconds: number): Promise<void> {
  const milliseconds: number[] = [];
  const cpuMilliseconds: number[] = [];
  const losses: number[] = [];
  let start = 0;
  for (let i = 0; i < WARM_UP + 3 || performance.now() - start < seconds * 1000; i++) {
    if (i === WARM_UP) start = performance.now();
    const begin = performance.now();
    const cpu = process.cpuUsage();
    const loss = await step();
    if (i < WARM_UP) {
      losses.push(loss);
      continue;
    }
    milliseconds.push(performance.now() - begin);
    const { user, system } = process.cpuUsage(cpu);
    cpuMilliseconds.push((user + system) / 1000);
  }
  const peakMegabytes = process.resourceUsage().maxRSS / 1024;
  console.log(JSON.stringify({ milliseconds, cpuMilliseconds, losses, peakMegabytes } satisfies Measurement));
  process.exit(0);
}

/** The arguments `engine.ts` hands to a contender: the size's name and the seconds to measure. */
export function contenderArguments() {
  const [size, seconds] = process.argv.slice(2);
  return { size: SIZES[size], seconds: Number(seconds) };
}
