/** SIGKILL at drawn moments, again and again, until the work is done; then everything is compared with work that nobody disturbed. */
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { CounterRandom } from '../../src/random.js';
import { COMPILE, differences, type Ended, type Fault, program, treeOf, writeWorld } from './world.js';

export interface KillOptions {
  readonly main: string;
  /** Where worlds are made. */
  readonly folder: string;
  readonly seed: number;
  /** Kills wanted, at least. */
  readonly kills: number;
}

export interface KillReport {
  readonly what: string;
  readonly kills: number;
  /** Kills by what was under way. */
  readonly during: Readonly<Record<string, number>>;
  /** Pieces of work that were finished after them. */
  readonly finished: number;
  /** What was not as it must be; empty where all is well. */
  readonly wrong: readonly string[];
}

const KINDS: readonly Fault['kind'][] = ['before', 'torn', 'after'];
const STAGES = ['encode', 'warm-start', 'policy', 'synthesis', 'diffusion', 'choose'];

/** What a compilation was at when it was killed: the first stage that is not done. */
function underway(run: string): string {
  if (!existsSync(join(run, 'run.json'))) return 'begin';
  const { stages } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as { stages: object };
  return STAGES.find((stage) => !(stage in stages)) ?? 'end';
}

const wasKilled = ({ code }: Ended) => code === 'SIGKILL';
const problem = (what: string, { code, stderr }: Ended) =>
  `${what}: ended with ${code}: ${stderr.trim().split('\n').at(-1)}`;

/** Compiles worlds, each killed a few times in a row: first at moments spread over the whole compilation, then wherever it is. */
export async function killCompile({ main, folder, seed, kills }: KillOptions): Promise<KillReport> {
  const random = new CounterRandom(seed, 'compile');
  const reference = join(folder, 'reference');
  writeWorld(reference);
  const unbroken = await program(COMPILE, { main, cwd: reference, fault: { kind: 'count' } });
  if (unbroken.code !== 0) throw new Error(problem('the undisturbed compilation', unbroken));
  const expected = treeOf(join(reference, 'run'));
  const total = unbroken.moments!;
  const during: Record<string, number> = {};
  const wrong: string[] = [];
  let done = 0;
  let finished = 0;
  while (done < kills) {
    const name = `compile-${finished}`;
    const cwd = join(folder, name);
    writeWorld(cwd);
    for (let session = 0; ; session++) {
      // A golden-section sequence fills the whole range evenly.
      const place = session === 0 ? (random.uniform() / 8 + finished * 0.618) % 1 : 0.5 * random.uniform();
      const kind = KINDS[random.integer(KINDS.length)];
      // One in six by the clock, which also hits the computing between two files.
      const byClock = random.integer(6) === 0;
      const ended = await program(COMPILE, {
        main,
        cwd,
        fault: { kind: byClock ? 'count' : kind, at: 1 + Math.floor(place * total) },
        ...(byClock && { killAfter: 500 + random.integer(2500) }),
      });
      if (wasKilled(ended)) {
        done++;
        const stage = underway(join(cwd, 'run'));
        during[stage] = (during[stage] ?? 0) + 1;
        continue;
      }
      if (ended.code !== 0) wrong.push(problem(name, ended));
      break;
    }
    finished++;
    const others = differences(expected, treeOf(join(cwd, 'run')));
    if (others.length > 0) wrong.push(`${name}: differs in ${others.join(', ')}`);
    else rmSync(cwd, { recursive: true, force: true });
  }
  return { what: 'compile', kills: done, during, finished, wrong };
}

/** Exports over an earlier export of another run: what lies there after a kill is the old one, the new one, or says that it is neither. */
export async function killExport({ main, folder, seed, kills }: KillOptions): Promise<KillReport> {
  const random = new CounterRandom(seed, 'export');
  const cwd = join(folder, 'reference');
  const other = join(folder, 'other');
  writeWorld(other, { seed: 2, items: 30 });
  for (const [args, at] of [
    [COMPILE, other],
    [['export', 'run', '--out', 'export'], other],
    [['export', 'run', '--out', 'export'], cwd],
  ] as const) {
    const ended = await program(args, { main, cwd: at });
    if (ended.code !== 0) throw new Error(problem(args.join(' '), ended));
  }
  const [before, after] = [treeOf(join(other, 'export')), treeOf(join(cwd, 'export'))];
  const during = { whole: 0, 'not whole, and says so': 0 };
  const wrong: string[] = [];
  let done = 0;
  let finished = 0;
  for (let at = 1; done < kills; at++) {
    const out = join(cwd, 'killed');
    rmSync(out, { recursive: true, force: true });
    cpSync(join(other, 'export'), out, { recursive: true });
    const args = ['export', 'run', '--out', 'killed'];
    const kind = KINDS[random.integer(KINDS.length)];
    const ended = await program(args, { main, cwd, fault: { kind, at, folder: 'killed' } });
    if (!wasKilled(ended)) {
      at = 0;
      continue;
    }
    done++;
    const left = treeOf(out);
    if (existsSync(join(out, 'retriever.json'))) {
      during.whole++;
      const isOne = [before, after].some((tree) =>
        Object.keys(tree).every((path) => tree[path] === left[path]),
      );
      if (!isOne) wrong.push(`export killed ${kind} ${at}: looks whole, and is a mixture`);
    } else during['not whole, and says so']++;
    const again = await program(args, { main, cwd });
    if (again.code !== 0) wrong.push(problem(`export after ${kind} ${at}`, again));
    finished++;
    const others = differences(after, treeOf(out));
    if (others.length > 0) wrong.push(`export after ${kind} ${at}: differs in ${others.join(', ')}`);
  }
  return { what: 'export', kills: done, during, finished, wrong };
}

/** Evaluates the same run, killed now and then. */
export async function killEvaluate({ main, folder, seed, kills }: KillOptions): Promise<KillReport> {
  const random = new CounterRandom(seed, 'evaluate');
  const reference = join(folder, 'reference');
  const whole = join(folder, 'evaluated');
  mkdirSync(whole, { recursive: true });
  cpSync(reference, whole, { recursive: true });
  const unbroken = await program(['evaluate', 'run'], { main, cwd: whole, fault: { kind: 'count' } });
  if (unbroken.code !== 0) throw new Error(problem('the undisturbed evaluation', unbroken));
  const expected = treeOf(join(whole, 'run'));
  const during: Record<string, number> = {};
  const wrong: string[] = [];
  let done = 0;
  let finished = 0;
  const cwd = join(folder, 'evaluate');
  while (done < kills) {
    rmSync(cwd, { recursive: true, force: true });
    cpSync(reference, cwd, { recursive: true });
    for (let session = 0; ; session++) {
      const kind = KINDS[random.integer(KINDS.length)];
      // Three times, then it may end.
      const at = session < 3 ? 1 + random.integer(unbroken.moments!) : Number.POSITIVE_INFINITY;
      const ended = await program(['evaluate', 'run'], { main, cwd, fault: { kind, at } });
      if (!wasKilled(ended)) {
        if (ended.code !== 0) wrong.push(problem(`evaluate, ${kind} ${at}`, ended));
        break;
      }
      done++;
      during.evaluate = (during.evaluate ?? 0) + 1;
      // Whatever is left, the run still answers, and a compilation finds it finished.
      const search = await program(['search', 'run', 'boot for red days'], { main, cwd });
      if (search.code !== 0) wrong.push(problem(`search after evaluate ${kind} ${at}`, search));
    }
    finished++;
    const others = differences(expected, treeOf(join(cwd, 'run')));
    if (others.length > 0) wrong.push(`evaluate: differs in ${others.join(', ')}`);
  }
  return { what: 'evaluate', kills: done, during, finished, wrong };
}
