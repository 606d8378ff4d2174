/** Every file of a run, cut short, with one other byte, and with another file's content: who reads it names it, and nobody computes with it. */
import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { checkFiles, checksumOf } from '../../src/checksums.js';
import { run as runCommand } from '../../src/cli/run.js';
import { DamagedFileError } from '../../src/errors.js';
import { RunEngine } from '../../src/serve/engine/runEngine.js';
import { treeOf, writeWorld } from './world.js';

export const DAMAGES = {
  cut: (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length / 2)),
  flip: (bytes: Buffer, at: number) => bytes.with(at % bytes.length, bytes[at % bytes.length] ^ 1),
  swap: (_: Buffer, __: number, other: Buffer) => other,
} satisfies Record<string, (bytes: Buffer, at: number, other: Buffer) => Uint8Array>;

export type Damage = keyof typeof DAMAGES;

export interface DamageOptions {
  /** A folder for copies. */
  readonly folder: string;
  /** A world with a compiled run. */
  readonly reference: string;
  /** Which of all (files x damages) are tried, by their number (all). */
  readonly only?: (number: number) => boolean;
}

export interface DamageReport {
  readonly tried: number;
  /** By command: how often it named the file; how often it has no use for the file and did what it always does. */
  readonly named: Readonly<Record<string, number>>;
  readonly unread: Readonly<Record<string, number>>;
  /** Files that `compile --force` made anew, to the last bit as they were. */
  readonly mended: number;
  readonly wrong: readonly string[];
}

interface Outcome {
  /** What it refused with; undefined where it worked. */
  readonly refusal?: string;
  /** What came out, to be compared with the undisturbed. */
  readonly result?: string;
}

async function command(args: readonly string[], result: (stdout: string) => string): Promise<Outcome> {
  const texts = { stdout: '', stderr: '' };
  const sink = (name: keyof typeof texts) => ({
    write(text: string) {
      texts[name] += text;
    },
  });
  const code = await runCommand(args, { stdout: sink('stdout'), stderr: sink('stderr') });
  if (code === 0) return { result: result(texts.stdout) };
  return { refusal: code === 2 ? texts.stderr : `exit code ${code}: ${texts.stderr}` };
}

const QUERY = 'boot for red days';

/** What is done with a run, and what comes out of it. */
const COMMANDS: Readonly<Record<string, (world: string) => Promise<Outcome>>> = {
  search: (world) =>
    command(['search', join(world, 'run'), QUERY, '--json'], (said) => {
      const { items, method } = JSON.parse(said) as { items: object[]; method: string };
      return JSON.stringify({ items, method });
    }),
  async serve(world) {
    try {
      const engine = await RunEngine.load(join(world, 'run'), { threads: 1 });
      const answer = await engine.search([{ query: QUERY }], 60_000);
      await engine.close();
      return { result: JSON.stringify(answer.results) };
    } catch (error) {
      return { refusal: error instanceof DamagedFileError ? error.message : `another error: ${error}` };
    }
  },
  evaluate: (world) =>
    command(['evaluate', join(world, 'run')], () => treeOf(join(world, 'run/evaluate'))['report.json']),
  export: (world) =>
    command(['export', join(world, 'run'), '--out', join(world, 'out')], () =>
      JSON.stringify(treeOf(join(world, 'out'))),
    ),
  compile: (world) => compileAgain(world),
};

const compileAgain = (world: string, ...more: string[]): Promise<Outcome> => {
  const file = (name: string) => join(world, name);
  const inputs = [file('catalog.jsonl'), '--sets', file('sets.jsonl'), '--config', file('config.json')];
  return command(['compile', ...inputs, '--out', file('run'), ...more], () =>
    JSON.stringify(treeOf(file('run'))),
  );
};

/** Files of a run that people look at, and no command computes with. */
const REPORTS = /^(evaluate|export)\//;

export async function damageRun({
  folder,
  reference,
  only = () => true,
}: DamageOptions): Promise<DamageReport> {
  const names = readdirSync(join(reference, 'run'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(join(reference, 'run'), join(entry.parentPath, entry.name)))
    .filter((name) => !REPORTS.test(name))
    .sort();
  const world = join(folder, 'damaged');
  const fresh = () => {
    rmSync(world, { recursive: true, force: true });
    cpSync(reference, world, { recursive: true });
  };
  const usual: Record<string, string | undefined> = {};
  for (const [name, work] of Object.entries(COMMANDS)) {
    fresh();
    const { refusal, result } = await work(world);
    if (refusal) throw new Error(`${name} of an undamaged run: ${refusal}`);
    usual[name] = result;
  }
  const named: Record<string, number> = {};
  const unread: Record<string, number> = {};
  const wrong: string[] = [];
  let mended = 0;
  let number = 0;
  let tried = 0;
  for (const [i, name] of names.entries()) {
    for (const [kind, damage] of Object.entries(DAMAGES)) {
      if (!only(number++)) continue;
      tried++;
      const bytes = readFileSync(join(reference, 'run', name));
      const other = readFileSync(join(reference, 'run', names[(i + 1) % names.length]));
      // Another place in every file, and never a manifest's last line end, which says nothing.
      const damaged = damage(bytes, (i * 7919) % (bytes.length - 1), other);
      const label = `${kind} ${name}`;
      for (const [asked, work] of Object.entries(COMMANDS)) {
        fresh();
        const file = join(world, 'run', name);
        writeFileSync(file, damaged);
        const { refusal, result } = await work(world);
        if (refusal?.includes(`${file}: `)) named[asked] = (named[asked] ?? 0) + 1;
        else if (refusal) wrong.push(`${asked} with ${label}: ${refusal.trim()}`);
        else if (asked === 'compile') wrong.push(`${asked} with ${label}: goes on`);
        else if (result === usual[asked]) unread[asked] = (unread[asked] ?? 0) + 1;
        else wrong.push(`${asked} with ${label}: another result, and not a word`);
      }
      if (name === 'run.json') continue;
      // It lies as the last command, the refused compilation, has left it.
      const { refusal, result } = await compileAgain(world, '--force');
      if (result === usual.compile) mended++;
      else wrong.push(`compile --force with ${label}: ${refusal ?? 'another run'}`);
    }
  }
  rmSync(world, { recursive: true, force: true });
  return { tried, named, unread, mended, wrong };
}

/** Milliseconds to compare files of some sizes with their checksums, the best of five. */
async function costs(folder: string): Promise<string> {
  const told: string[] = [];
  for (const megabytes of [3, 100]) {
    writeFileSync(join(folder, 'large'), Buffer.alloc(megabytes * 1e6, 'r4t'));
    const files = { large: await checksumOf(join(folder, 'large')) };
    const times: number[] = [];
    for (let i = 0; i < 5; i++) {
      const begin = performance.now();
      await checkFiles(folder, files, '');
      times.push(performance.now() - begin);
    }
    told.push(`${Math.min(...times).toFixed(1)} ms for ${megabytes} MB`);
  }
  rmSync(join(folder, 'large'));
  return told.join(', ');
}

export async function damages({ folder }: { readonly folder: string }): Promise<readonly string[]> {
  console.log(`checksums: ${await costs(folder)}`);
  const reference = join(folder, 'to-damage');
  writeWorld(reference);
  const { refusal } = await compileAgain(reference);
  if (refusal) throw new Error(refusal);
  const { tried, named, unread, mended, wrong } = await damageRun({ folder, reference });
  const told = (counts: Readonly<Record<string, number>>) =>
    Object.entries(counts)
      .map(([name, count]) => `${name} ${count}`)
      .join(', ');
  console.log(
    `damages: ${tried}; named by ${told(named)}; no use for the file, and the usual result: ${told(unread)}; ` +
      `made anew by --force: ${mended}; ${wrong.length} wrong`,
  );
  return wrong;
}
