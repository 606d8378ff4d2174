import { type Command, Option } from 'commander';
import type { CompileOptions, CompileResult } from '../compile/compile.js';
import type { InputReport } from '../compile/inputs.js';
import { findConfig } from './findConfig.js';
import type { CliIo } from './io.js';
import { wholeNumber } from './options.js';
import { showProgress } from './progress/showProgress.js';
import { formatDuration } from './text.js';

// A record, so that the type checker misses none. Importing the list would load the runtime for every --help.
const STAGES: Readonly<Record<NonNullable<CompileOptions['stage']>, true>> = {
  encode: true,
  'warm-start': true,
  policy: true,
  synthesis: true,
  diffusion: true,
  choose: true,
  ablations: true,
};

interface CompileFlags {
  readonly out: string;
  readonly sets?: string;
  readonly queries?: string;
  readonly config?: string;
  readonly stage?: CompileOptions['stage'];
  readonly ablations?: true;
  readonly strict?: true;
  readonly force?: true;
  readonly threads?: number;
  readonly json?: true;
}

/** `r4t compile`: makes a run, or goes on with it. */
export function addCompileCommand(program: Command, io: CliIo): void {
  program
    .command('compile')
    .description('compile a set retriever from a catalog; run again to go on after a stop')
    .argument('<catalog...>', 'files (JSON, CSV, TSV, Parquet, also .gz), a folder, - or a database')
    .requiredOption('--out <run>', 'run folder to make, or to go on with')
    .option('--queries <file>', "broad queries (default: made from the catalog's own words)")
    .option('--sets <file>', 'reference sets: query, items, split')
    .option('--config <file>', 'settings (default: r4t.config.ts or .json here, if there is one)')
    .addOption(new Option('--stage <stage>', 'stop after this stage').choices(Object.keys(STAGES)))
    .option('--ablations', 'also train the diffusions without reinforcement learning, for r4t evaluate')
    .option('--strict', 'stop at the first bad row instead of passing it over')
    .option('--force', 'start anew if the run was made of other inputs')
    .option('--threads <n>', 'threads to compute with (default: one a core)', wholeNumber(1))
    .option('--json', 'print JSON lines: progress, finished stages, the result')
    .action((catalog: string[], flags: CompileFlags) => compileAction(catalog, flags, io));
}

async function compileAction(catalog: readonly string[], flags: CompileFlags, io: CliIo): Promise<void> {
  const { threads, json = false, ...options } = flags;
  const library = await import('../index.js');
  const [{ describeInputs }, { loadConfig }] = await Promise.all([
    import('./inputSummary.js'),
    import('../run/loadConfig.js'),
  ]);
  const settings = await loadConfig(options.config ?? (await findConfig(process.cwd())), { library });
  const config = { ...settings, ...(threads !== undefined && { threads }) };
  const progress = showProgress(io, { json });
  let result: CompileResult;
  try {
    const { onProgress } = progress;
    const onInputs = (report: InputReport) => {
      if (json) io.stdout.write(`${JSON.stringify({ event: 'inputs', ...report })}\n`);
      else io.stderr.write(describeInputs(report));
    };
    result = await library.compile({ ...options, catalog, config, signal: io.signal, onProgress, onInputs });
  } finally {
    progress.close();
  }
  const text = json ? JSON.stringify({ event: 'done', ...result }) : summary(result);
  io.stdout.write(`${text}\n`);
}

function summary({ run, seconds }: CompileResult): string {
  const stages = Object.entries(seconds).map(([stage, s]) => `${stage} ${formatDuration(s)}`);
  const next = seconds.diffusion === undefined ? '' : `\nsearch it: r4t search ${run} "<query>"`;
  return `${run}: ${stages.join(', ')}${next}`;
}
