/** Saves checkpoints whose every number is their step, until it is killed: `saveForever.ts <folder>`. */
import { saveCheckpoint } from '../checkpoint.js';

for (let step = 0; ; step++) {
  const tensor = () => new Map([['w', { dims: [100, 1000], data: new Float32Array(100_000).fill(step) }]]);
  await saveCheckpoint(process.argv[2], { step, groups: { parameters: tensor(), ema: tensor() } }, { step });
}
