import { availableParallelism } from 'node:os';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Task } from '../evaluate/quality.js';
import { compileRuns } from './compileRuns.js';
import type { CliIo } from './io.js';
import { wholeNumber } from './options.js';
import { showProgress } from './progress/showProgress.js';

interface QualityFlags {
  readonly data: string;
  readonly task: Task;
  readonly out: string;
  readonly budget?: number;
  readonly seeds?: number;
  readonly quick?: true;
  readonly baselines?: true;
  readonly config?: string;
  readonly jobs: number;
  readonly heldout?: string;
}

/** `r4t bench quality`: the whole experiment on a data folder, from queries to report. */
export function addBenchCommand(program: Command, io: CliIo): void {
  program
    .command('bench')
    .description('run an experiment from nothing but a data folder')
    .command('quality')
    .description('compile runs of several seeds and compare them with every baseline')
    .requiredOption('--data <folder>', 'folder with catalog.jsonl, and sets.jsonl or queries.jsonl')
    .addOption(
      new Option('--task <task>', 'oar: open-ended queries; wscr: reference sets')
        .choices(['oar', 'wscr'])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <folder>', 'folder for queries, runs and report; run again to go on after a stop')
    .option('--budget <share>', 'share of the catalog a query may retrieve (default: 0.035)', share)
    .option('--seeds <n>', 'runs, of seeds 1 to n (default: 3; 1 if quick)', wholeNumber(1))
    .option('--quick', 'one seed, fewer queries')
    .option('--baselines', 'train nothing and compare the baselines alone: minutes')
    .option('--config <file>', 'settings of the runs, such as the encoder; what the recipe sets wins')
    .option(
      '--jobs <n>',
      'processes that compile at once (default: one a core)',
      wholeNumber(1),
      availableParallelism(),
    )
    .option(
      '--heldout <model>',
      'also measure with this encoder: folder or hub name of a transformers.js model (default: R4T_MINILM)',
    )
    .action((flags: QualityFlags) => qualityAction(flags, io));
}

async function qualityAction(
  { jobs, seeds, heldout, config: file, ...flags }: QualityFlags,
  io: CliIo,
): Promise<void> {
  const [{ benchQuality }, { reportMarkdown }, { heldoutEncoder }, { loadConfig }] = await Promise.all([
    import('../evaluate/quality.js'),
    import('../evaluate/report/markdown.js'),
    import('./heldoutEncoder.js'),
    import('../run/loadConfig.js'),
  ]);
  const { signal } = io;
  const config = file === undefined ? undefined : await loadConfig(file);
  const unseen = await heldoutEncoder(heldout, io);
  const progress = showProgress(io, { json: false });
  try {
    const report = await benchQuality({
      ...flags,
      config,
      ...(seeds !== undefined && { seeds: Array.from({ length: seeds }, (_, i) => i + 1) }),
      heldoutEncoder: unseen,
      compile: (runs, control) => compileRuns(runs, control, jobs),
      command: commandLine({ ...flags, seeds, heldout, config: file }),
      signal,
      onProgress: progress.onProgress,
    });
    progress.close();
    io.stdout.write(`${reportMarkdown(report)}\n`);
  } finally {
    progress.close();
  }
}

function commandLine({
  data,
  task,
  out,
  budget,
  seeds,
  quick,
  baselines,
  config,
  heldout,
}: Omit<QualityFlags, 'jobs'>): string {
  const optional = [
    ...(budget === undefined ? [] : [`--budget ${budget}`]),
    ...(seeds === undefined ? [] : [`--seeds ${seeds}`]),
    ...(quick ? ['--quick'] : []),
    ...(baselines ? ['--baselines'] : []),
    ...(config === undefined ? [] : [`--config ${config}`]),
    ...(heldout === undefined ? [] : [`--heldout ${heldout}`]),
  ];
  return ['r4t bench quality', `--data ${data}`, `--task ${task}`, `--out ${out}`, ...optional].join(' ');
}

function share(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1) return value;
  throw new InvalidArgumentError('expected a number above 0, at most 1');
}
