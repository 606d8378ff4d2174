/** A catalog so small that it compiles in a second, the program in a process of its own, and what it leaves, to be compared. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FAULTS = fileURLToPath(new URL('faults.mjs', import.meta.url));

/** The command line as a few files, built in two seconds; `remove` them in the end. */
export async function buildProgram(): Promise<{ main: string; remove(): void }> {
  const cache = join(ROOT, 'node_modules', '.cache');
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'r4t-crash-'));
  // Another user is to run it too.
  chmodSync(folder, 0o755);
  cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
  const input = [join(ROOT, 'src/cli/main.ts'), join(ROOT, 'src/serve/engine/worker.ts')];
  // Every file in its place: some are looked for beside others.
  const output = { format: 'es' as const, preserveModules: true, preserveModulesRoot: join(ROOT, 'src') };
  await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    build: {
      ssr: true,
      minify: false,
      outDir: join(folder, 'dist'),
      rollupOptions: {
        input,
        output: { ...output, entryFileNames: '[name].js' },
        // `npm run build` fills this package; tests do not wait for that.
        external: ['@r4t/wasm'],
      },
    },
  });
  return {
    main: join(folder, 'dist/cli/main.js'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** An encoder that needs no model: letters are meaning. */
const LETTERS = `const DIM = 16;
export default {
  id: 'letters',
  dim: DIM,
  async encode(texts) {
    const data = new Float32Array(texts.length * DIM);
    texts.forEach((text, i) => {
      const row = data.subarray(i * DIM, (i + 1) * DIM);
      for (const letter of text) row[(letter.codePointAt(0) * 7) % DIM]++;
      const norm = Math.hypot(...row) || 1;
      for (let j = 0; j < DIM; j++) row[j] /= norm;
    });
    return { data, rows: texts.length, cols: DIM };
  },
};
`;

const COLORS = ['red', 'blue', 'green', 'golden', 'black', 'white', 'striped', 'old'];
const THINGS = ['boot', 'pan', 'tent', 'lamp', 'chair', 'table', 'rope', 'knife'];

export interface WorldOptions {
  readonly seed?: number;
  readonly items?: number;
  /** Training queries: 64 make a shard. */
  readonly queries?: number;
}

/** Writes catalog, sets, config and encoder into a folder. */
export function writeWorld(folder: string, { seed = 1, items = 40, queries = 70 }: WorldOptions = {}): void {
  mkdirSync(folder, { recursive: true });
  const catalog = Array.from({ length: items }, (_, i) => {
    const color = COLORS[i % COLORS.length];
    const thing = THINGS[Math.floor(i / COLORS.length) % THINGS.length];
    const title = `${color} ${thing}${i < 64 ? '' : ` ${i}`}`;
    return { id: `item-${i}`, title, category: thing, color, price: (i * 7) % 50 };
  });
  const sets = Array.from({ length: queries + 12 }, (_, i) => ({
    query: `${THINGS[i % 8]} for ${COLORS[(i * 3) % 8]} days ${i}`,
    items: [0, 1, 2, 3].map((j) => catalog[(i * 5 + j * 11) % items].id),
    split: i < queries ? 'train' : i < queries + 6 ? 'valid' : 'test',
  }));
  const lines = (records: readonly object[]) => `${records.map((r) => JSON.stringify(r)).join('\n')}\n`;
  writeFileSync(join(folder, 'catalog.jsonl'), lines(catalog));
  writeFileSync(join(folder, 'sets.jsonl'), lines(sets));
  writeFileSync(join(folder, 'letters.mjs'), LETTERS);
  const config = {
    seed,
    k: 3,
    dimensions: 8,
    threads: 1,
    encoder: { kind: 'module', path: './letters.mjs' },
    policy: { warmStartSteps: 3, steps: 4, queriesPerStep: 2, groupSize: 2 },
    synthesis: { samplesPerQuery: 2 },
    diffusion: { steps: 3, batchSize: 4, samplerSteps: 2 },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
}

/** What is said to the program to compile a world, in its folder. */
export const COMPILE = [
  'compile',
  'catalog.jsonl',
  '--sets',
  'sets.jsonl',
  '--config',
  'config.json',
  '--out',
  'run',
];

/** See `faults.mjs`. */
export interface Fault {
  readonly kind: 'count' | 'before' | 'after' | 'torn' | 'full';
  readonly at?: number;
  /** Folder of whose files the moments are counted, in the world's. */
  readonly folder?: string;
}

export interface ProgramOptions {
  readonly main: string;
  /** The world's folder. */
  readonly cwd: string;
  readonly fault?: Fault;
  /** SIGKILL after these milliseconds. */
  readonly killAfter?: number;
  readonly uid?: number;
}

export interface Ended {
  /** Exit code, or the signal it died by. */
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
  /** What it did to files below the fault's folder; undefined where it was killed. */
  readonly moments?: number;
}

/** Starts the program; `ended` resolves with how it ended. */
export function start(
  args: readonly string[],
  { main, cwd, fault, killAfter, uid }: ProgramOptions,
): { child: ChildProcess; ended: Promise<Ended> } {
  const report = join(cwd, '.moments');
  rmSync(report, { force: true });
  // Only compilations go by the clock in what they save; a server would give up its searches.
  const clock = args[0] === 'compile' ? 1000 : 1;
  const told = fault && { ...fault, folder: join(cwd, fault.folder ?? 'run'), report, clock };
  const child = spawn(process.execPath, [...(fault ? ['--import', FAULTS] : []), main, ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NO_COLOR: '1', ...(told && { R4T_FAULT: JSON.stringify(told) }) },
    ...(uid !== undefined && { uid, gid: uid }),
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].on('data', (chunk: Buffer) => {
      texts[name] += chunk;
    });
  }
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      const said = fault && readText(report);
      resolve({ code: code ?? signal ?? '', ...texts, ...(said !== undefined && { moments: Number(said) }) });
    });
  });
  return { child, ended };
}

export const program = (args: readonly string[], options: ProgramOptions): Promise<Ended> =>
  start(args, options).ended;

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

/** Every file below a folder by its path: a hash of the bytes, without what clocks have written into manifest, logs and reports. */
export function treeOf(folder: string): Record<string, string> {
  const files = readdirSync(folder, { withFileTypes: true, recursive: true }).filter((e) => e.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  return Object.fromEntries(
    paths.map((path) => [relative(folder, path), createHash('sha256').update(timeless(path)).digest('hex')]),
  );
}

/** Names of what depends on the machine: working times, memory. */
const CLOCKS = new Set(['seconds', 'finishedAt', 'msPerQuery', 'peakMemoryMiB']);

function timeless(path: string): string | Buffer {
  const bytes = readFileSync(path);
  if (path.endsWith('metrics.jsonl')) {
    return bytes
      .toString()
      .split('\n')
      .filter(Boolean)
      .map((line) => withoutClocks(JSON.parse(line)))
      .join('\n');
  }
  if (path.endsWith('run.json')) {
    const { sha256: _, ...manifest } = JSON.parse(bytes.toString()) as {
      sha256: string;
      stages: Record<string, { files: object }>;
    };
    // The logs hold times.
    for (const stage of Object.values(manifest.stages))
      delete (stage.files as Record<string, unknown>)['metrics.jsonl'];
    return withoutClocks(manifest);
  }
  if (path.endsWith('report.json') || path.endsWith('results.json'))
    return withoutClocks(JSON.parse(bytes.toString()));
  // Reports for people are made of report.json, times and all.
  if (/report\.(html|md)$/.test(path)) return /<\/html>\s*$|\|\s*$/.test(bytes.toString()) ? 'whole' : 'torn';
  return bytes;
}

const withoutClocks = (value: unknown): string =>
  JSON.stringify(value, (name, inner: unknown) => (CLOCKS.has(name) ? undefined : inner));

/** The paths in which two trees differ. */
export function differences(a: Record<string, string>, b: Record<string, string>): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].filter((path) => a[path] !== b[path]).sort();
}
