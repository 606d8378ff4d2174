import type { Command } from 'commander';
import type { CliIo } from './io.js';
import { wholeNumber } from './options.js';
import { showProgress } from './progress/showProgress.js';

interface EvaluateFlags {
  readonly out?: string;
  readonly limit?: number;
  readonly threads?: number;
  readonly heldout?: string;
}

/** `r4t evaluate`: a run, or several that differ in their seed, against every baseline on the held-out queries. */
export function addEvaluateCommand(program: Command, io: CliIo): void {
  program
    .command('evaluate')
    .description('compare a run with its baselines on held-out queries, and write a report')
    .argument('<run...>', 'run folder; several of the same inputs and different seeds make one table')
    .option('--out <folder>', 'folder for the report (default: evaluate/ in the first run)')
    .option('--limit <n>', 'at most this many test queries (default: all)', wholeNumber(1))
    .option('--threads <n>', 'threads to compute with (default: one a core)', wholeNumber(1))
    .option(
      '--heldout <model>',
      'also measure with this encoder: folder or hub name of a transformers.js model (default: R4T_MINILM)',
    )
    .action((runs: string[], flags: EvaluateFlags) => evaluateAction(runs, flags, io));
}

async function evaluateAction(runs: readonly string[], flags: EvaluateFlags, io: CliIo): Promise<void> {
  const [{ join }, { evaluateRuns }, { reportMarkdown }, { heldoutEncoder }] = await Promise.all([
    import('node:path'),
    import('../evaluate/evaluateRuns.js'),
    import('../evaluate/report/markdown.js'),
    import('./heldoutEncoder.js'),
  ]);
  const { out = join(runs[0], 'evaluate'), limit, threads, heldout } = flags;
  const unseen = await heldoutEncoder(heldout, io);
  const progress = showProgress(io, { json: false });
  try {
    const report = await evaluateRuns(runs, {
      out,
      limit,
      threads,
      heldoutEncoder: unseen,
      command: commandLine(runs, flags),
      signal: io.signal,
      onProgress: progress.onProgress,
    });
    progress.close();
    io.stdout.write(`${reportMarkdown(report)}\n`);
  } finally {
    progress.close();
  }
}

function commandLine(runs: readonly string[], { limit, heldout }: EvaluateFlags): string {
  const optional = [
    ...(limit === undefined ? [] : [`--limit ${limit}`]),
    ...(heldout === undefined ? [] : [`--heldout ${heldout}`]),
  ];
  return ['r4t evaluate', ...runs, ...optional].join(' ');
}
