/**
 * Kills, damages, fills and overloads r4t, and compares what comes out with what undisturbed work gives.
 *
 *     npm run test:crash                       # all of it, some twenty minutes
 *     npm run test:crash -- --only compile,items --kills 20 --seed 2
 *
 * Ends with 1 where anything was lost or wrong; what is left of it then stays in the folder that is named.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { damages } from './damages.js';
import { disk } from './disk.js';
import { killFanOuts } from './fanOuts.js';
import { killItems } from './items.js';
import { type KillReport, killCompile, killEvaluate, killExport } from './kills.js';
import { service } from './service.js';
import { buildProgram } from './world.js';

const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    /** Kills of compilations; of the rest in proportion. */
    kills: { type: 'string', default: '100' },
    only: { type: 'string', default: 'compile,export,evaluate,items,fanOuts,damages,disk,service' },
  },
});
const parts = values.only.split(',');
const kills = Number(values.kills);
const folder = mkdtempSync(join(tmpdir(), 'r4t-crash-'));
const { main, remove } = await buildProgram();
const common = { main, folder, seed: Number(values.seed) };
const wrong: string[] = [];

const WORK: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  compile: async () => told(await killCompile({ ...common, kills })),
  export: async () => told(await killExport({ ...common, kills: Math.ceil(kills * 0.5) })),
  evaluate: async () => told(await killEvaluate({ ...common, kills: Math.ceil(kills * 0.3) })),
  items: async () => told(await killItems({ ...common, kills: Math.ceil(kills * 0.5) })),
  fanOuts: async () => told(await killFanOuts({ ...common, kills: Math.ceil(kills * 0.3) })),
  damages: () => damages(common),
  disk: () => disk(common),
  service: () => service(common),
};

function told({ what, kills: done, during, finished, wrong: found }: KillReport): readonly string[] {
  const places = Object.entries(during).map(([name, count]) => `${name} ${count}`);
  console.log(`${what}: ${done} kills (${places.join(', ')}), ${finished} finished, ${found.length} wrong`);
  return found;
}

// The others start from what the compilations are compared with.
for (const part of parts.includes('compile') ? parts : ['compile', ...parts]) {
  const started = performance.now();
  if (part === 'compile' && !parts.includes('compile')) await killCompile({ ...common, kills: 0 });
  else {
    const found = await WORK[part]();
    for (const line of found) console.log(`  WRONG ${line}`);
    wrong.push(...found);
    console.log(`  ${part}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  }
}
remove();
console.log(
  wrong.length === 0
    ? 'nothing was lost, nothing was wrong'
    : `${wrong.length} things went wrong; see ${folder}`,
);
if (wrong.length === 0) rmSync(folder, { recursive: true, force: true });
process.exitCode = wrong.length === 0 ? 0 : 1;
