/** Several compilations at once, each in a process of its own: a run mostly keeps one core busy. */
import { fork } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pLimit from 'p-limit';
import type { CompileOptions } from '../compile/compile.js';
import { R4tError } from '../errors.js';
import { writeJson } from '../files.js';
import type { RunControl } from '../progress.js';

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url));

/**
 * Compiles the runs, `jobs` processes at a time: one a run and, from its warm start on, another one for its ablations. Their
 * configs must be plain data.
 *
 * @throws R4tError if one fails: with what it said; the others are stopped, and go on where they were when called again
 */
export async function compileRuns(
  runs: readonly CompileOptions[],
  { signal, onProgress }: RunControl,
  jobs: number,
): Promise<void> {
  const stop = new AbortController();
  const stopped = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal;
  const limit = pLimit(jobs);
  const compileInTurn = async ({ ablations, ...run }: CompileOptions, number: number) => {
    const work = (stage: CompileOptions['stage']) =>
      limit(async () => {
        stopped.throwIfAborted();
        const part = stage === 'ablations' ? 'ablations ' : '';
        await compileRun({ ...run, stage }, stopped, (progress) => {
          const what = `run ${number + 1}/${runs.length} ${part}${progress.stage}`;
          onProgress?.({ ...progress, stage: what });
        });
      });
    if (!ablations) return work(run.stage);
    await work('warm-start');
    await Promise.all([work(undefined), work('ablations')]);
  };
  try {
    await Promise.all(runs.map(compileInTurn));
  } catch (error) {
    stop.abort();
    throw error;
  }
}

interface ProgressLine {
  readonly event: string;
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  readonly metrics?: Readonly<Record<string, number>>;
}

async function compileRun(
  { catalog, out, sets, queries, config, stage, strict }: CompileOptions,
  signal: AbortSignal,
  onProgress: (progress: ProgressLine) => void,
): Promise<void> {
  const configFile = join(out, '..', `${out.split(/[\\/]/u).at(-1)}.config.json`);
  await writeJson(configFile, config);
  const args = ['compile', ...[catalog].flat(), '--out', out, '--config', configFile, '--json'];
  if (sets !== undefined) args.push('--sets', sets);
  if (queries !== undefined) args.push('--queries', queries);
  if (stage) args.push('--stage', stage);
  if (strict) args.push('--strict');
  const child = fork(MAIN, args, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const abort = () => child.kill('SIGINT');
  signal.addEventListener('abort', abort, { once: true });
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  let rest = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const event = JSON.parse(line) as ProgressLine;
      if (event.event === 'progress') onProgress(event);
    }
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  signal.removeEventListener('abort', abort);
  signal.throwIfAborted();
  if (code !== 0) throw new R4tError(said.trim() || `compiling ${out} ended with code ${code}`);
}
