import type { Command } from 'commander';
import { aborted, type CliIo } from './io.js';
import { wholeNumber } from './options.js';

/** `r4t ui`: the dashboard of one or more runs, in the browser. */
export function addUiCommand(program: Command, io: CliIo): void {
  program
    .command('ui')
    .description('watch runs in the browser: curves, sub-queries over time, progress')
    .argument('<run...>', 'run folders, finished or not')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0), 7481)
    .action((runs: string[], { port }: { port: number }) => uiAction(runs, port, io));
}

async function uiAction(runs: string[], port: number, { stdout, signal }: CliIo): Promise<void> {
  const [{ createDashboard }, { listen }] = await Promise.all([
    import('../dashboard/dashboard.js'),
    import('../dashboard/listen.js'),
  ]);
  const app = await createDashboard({ runs });
  await using server = await listen(app, port);
  stdout.write(
    `${server.url} shows ${runs.length === 1 ? 'the run' : `${runs.length} runs`}; Ctrl-C ends it\n`,
  );
  await aborted(signal);
}
