import type { Command } from 'commander';
import type { CliIo } from './io.js';
import { formatFigure } from './text.js';

/** `r4t metrics`: what a run's trainings measured, for other programs. */
export function addMetricsCommand(program: Command, io: CliIo): void {
  program
    .command('metrics')
    .description('print what the trainings of a run measured, as JSON lines, or write it for TensorBoard')
    .argument('<run>', 'run folder')
    .option('--tensorboard <folder>', 'write an event file there in place of printing')
    .action((run: string, flags: { readonly tensorboard?: string }) => metricsAction(run, flags, io));
}

async function metricsAction(
  run: string,
  { tensorboard }: { readonly tensorboard?: string },
  { stdout, stderr }: CliIo,
): Promise<void> {
  const { trainingEvents } = await import('../run/trainingEvents.js');
  const events = await trainingEvents(run);
  if (tensorboard === undefined) {
    for (const event of events) stdout.write(`${JSON.stringify(event)}\n`);
  } else {
    const { writeTensorBoard } = await import('../integrations/tensorboard.js');
    const file = await writeTensorBoard(tensorboard, events);
    stdout.write(`${formatFigure(events.length)} events in ${file}\n`);
  }
  if (events.length === 0) stderr.write('r4t: nothing has been trained in this run yet\n');
}
