import { writeFileSync } from 'node:fs';
import type { TempFolder } from '../../catalog/testing/tempFolder.js';
import type { UserConfig } from '../../run/config.js';
import { run } from '../run.js';

const COLORS = ['red', 'blue', 'green', 'yellow', 'black', 'white'];
const KINDS = {
  shoes: ['boot', 'sneaker', 'sandal'],
  kitchen: ['pan', 'kettle', 'plate'],
  garden: ['spade', 'rake', 'hose'],
  camping: ['tent', 'stove', 'lantern'],
};

/** 72 items. */
export const SHOP = Object.entries(KINDS)
  .flatMap(([category, names]) =>
    names.flatMap((name) => COLORS.map((color) => ({ title: `${color} ${name}`, category, color }))),
  )
  .map((item, i) => ({ id: `item-${i}`, ...item, price: i }));

/** Models so small that every stage takes a moment. */
export const TINY = {
  k: 3,
  dimensions: 16,
  threads: 1,
  policy: {
    warmStartSteps: 2,
    steps: 1,
    queriesPerStep: 2,
    groupSize: 2,
  },
  synthesis: { samplesPerQuery: 1 },
  diffusion: { steps: 2, batchSize: 4, samplerSteps: 2 },
} satisfies UserConfig;

/** Writes catalog and config and returns their paths. */
export function writeShop(
  folder: TempFolder,
  config: UserConfig = TINY,
): { catalog: string; config: string } {
  const file = folder.path('r4t.config.json');
  writeFileSync(file, JSON.stringify(config));
  return { catalog: folder.write('catalog.jsonl', SHOP), config: file };
}

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line in this process. */
export async function runCli(args: readonly string[], signal?: AbortSignal): Promise<CliResult> {
  const texts = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof texts) => ({
    write: (text: string) => {
      texts[name] += text;
    },
  });
  const code = await run(args, { stdout: sink('stdout'), stderr: sink('stderr'), signal });
  return { code, ...texts };
}
