/**
 * What a catalog's growth costs: `npx jiti bench/growth.ts [--exact 10000,100000,1000000] [--lancedb …] [--compile …]`. Synthetic
 * vectors of 128 numbers around a thousand centres, and synthetic texts. Each figure comes from a process of its own; under each column
 * stands the exponent of its growth, the slope of the logarithms between the last two sizes.
 *
 * `--bounded 400000 --limit 520` compiles a catalog twice and searches it: as it is, and by a process whose data segment (RLIMIT_DATA:
 * all private memory that can be written) is limited to so many megabytes, 200 of them for the JavaScript heap and 64 for the catalog.
 *
 * LanceDB is that of the integration tests: `npm --prefix scripts/integration install`.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { JITI } from '../src/cli/testing/program.js';

const { bounded, limit, ...sizes } = parseArgs({
  options: {
    exact: { type: 'string' },
    lancedb: { type: 'string' },
    compile: { type: 'string' },
    bounded: { type: 'string' },
    limit: { type: 'string', default: '520' },
  },
}).values;
const clients = fileURLToPath(new URL('../scripts/integration/node_modules', import.meta.url));
const env = { ...process.env, NODE_PATH: clients };
const script = fileURLToPath(new URL('growth/measure.ts', import.meta.url));

for (const [what, list] of Object.entries(sizes)) {
  const rows: (readonly [number, Readonly<Record<string, number>>])[] = [];
  for (const size of list.split(',').map(Number)) {
    const { stdout } = await promisify(execFile)(process.execPath, [JITI, script, what, `${size}`], { env });
    const figures = JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, number>;
    const names = Object.keys(figures);
    if (rows.length === 0) console.log(`\n${what}\n${line('items', names)}`);
    rows.push([size, figures]);
    console.log(
      line(
        size.toLocaleString('en'),
        names.map((name) => shown(figures[name])),
      ),
    );
  }
  const [before, last] = rows.slice(-2);
  if (!last) continue;
  const exponents = Object.keys(last[1]).map((name) =>
    (Math.log(last[1][name] / before[1][name]) / Math.log(last[0] / before[0])).toFixed(2),
  );
  console.log(line('exponent', exponents));
}

if (bounded !== undefined) await compareBounded(bounded, Number(limit));

async function compareBounded(items: string, megabytes: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'r4t-growth-'));
  const program = fileURLToPath(new URL('growth/bounded.ts', import.meta.url));
  const limits = `ulimit -d ${megabytes * 1024}; exec "$@"`;
  const run = async (
    name: string,
    command: readonly string[],
    variables: Readonly<Record<string, string>>,
  ) => {
    const args = [...command, JITI, program, items, join(folder, name)];
    const { stdout } = await promisify(execFile)('bash', args, { env: { ...process.env, ...variables } });
    const figures = stdout.trim().split('\n').at(-1)!;
    console.log(`${name}: ${figures}`);
    return (JSON.parse(figures) as { sets: string }).sets;
  };
  try {
    const limited = ['-c', limits, 'limited', process.execPath, '--max-old-space-size=200'];
    const sets = [
      await run('limited', limited, { R4T_CATALOG_MEMORY: '64' }),
      await run('unlimited', ['-c', 'exec "$@"', 'unlimited', process.execPath], {}),
    ];
    console.log(sets[0] === sets[1] ? 'the same sets' : 'other sets');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function line(first: string, others: readonly string[]): string {
  return first.padStart(12) + others.map((text) => text.padStart(12)).join('');
}

function shown(value: number): string {
  return value < 100 ? value.toPrecision(3) : value.toFixed(0);
}
