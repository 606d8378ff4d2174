import type { Command } from 'commander';
import { InputError } from '../errors.js';
import type { CliIo } from './io.js';
import { wholeNumber } from './options.js';

interface TrainFlags {
  readonly on?: string;
  readonly reward: string;
  readonly nodes: number;
  readonly gpus: number;
  readonly storage?: string;
  readonly stop?: true;
}

/** `r4t train`: the Soft-GRPO of a run's language model on a Ray cluster. */
export function addTrainCommand(program: Command, io: CliIo): void {
  program
    .command('train')
    .description(
      "tune a run's language model on a Ray cluster, and bring the adapter back; run again to attach",
    )
    .argument('<run>', 'run folder with a policy of kind "pretrained"; its encode stage is enough')
    .option(
      '--on <address>',
      "Ray's dashboard, such as ray://head:8265 (default: only write the job's files)",
    )
    .option(
      '--reward <url>',
      'where r4t serve-reward listens, as the cluster reaches it',
      'http://127.0.0.1:7481',
    )
    .option('--nodes <n>', 'nodes: TRL trains on one, verl on several', wholeNumber(1), 1)
    .option('--gpus <n>', 'GPUs of each node', wholeNumber(0), 0)
    .option('--storage <folder>', 'folder that all nodes share, for checkpoints')
    .option('--stop', 'stop the job of this run')
    .addHelpText(
      'after',
      '\nA full API key of r4t serve-reward is taken from the environment variable R4T_API_KEY.',
    )
    .action((folder: string, flags: TrainFlags) => trainAction(folder, flags, io));
}

async function trainAction(folder: string, { stop, ...flags }: TrainFlags, io: CliIo): Promise<void> {
  const { stderr, stdout, signal } = io;
  const { on } = flags;
  if (!/^https?:\/\//i.test(flags.reward))
    throw new InputError(`is "${flags.reward}"; write it like http://127.0.0.1:7481`, { field: '--reward' });
  if (flags.nodes > 1 && !flags.storage)
    throw new InputError('is needed for several nodes: a folder that all of them share', {
      field: '--storage',
    });
  if (flags.nodes > 1 && flags.gpus === 0)
    throw new InputError('is needed for several nodes: the GPUs of each', { field: '--gpus' });
  const { stopJob, trainOn } = await import('../train/trainOn.js');
  const options = {
    ...flags,
    apiKey: io.env?.R4T_API_KEY,
    signal,
    onStatus: (line: string) => void stderr.write(`r4t: ${line}\n`),
  };
  if (stop) {
    if (on === undefined) throw new InputError('is needed: where the job runs', { field: '--on' });
    const id = await stopJob(folder, { ...options, on });
    stdout.write(`${folder}: job ${id} has ended\n`);
    return;
  }
  try {
    const onLog = (text: string) => void stderr.write(text);
    const { id, folder: files, trained } = await trainOn(folder, { ...options, onLog });
    stdout.write(
      trained
        ? `${folder}: the adapter of job ${id} is in policy/adapter; go on with r4t compile\n`
        : `${files}: the files of job ${id}; r4t train --on <address> submits it\n`,
    );
  } catch (error) {
    if (signal?.aborted && on !== undefined)
      stderr.write(
        'r4t: a job that was submitted goes on; the same command attaches to it again, --stop ends it\n',
      );
    throw error;
  }
}
