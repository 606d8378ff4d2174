import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import { InputError } from '../errors.js';
import { aborted, type CliIo } from './io.js';
import { wholeNumber } from './options.js';

interface DemoFlags {
  readonly port: number;
  readonly open: boolean;
}

/** The first of the dishes that nothing learned from and whose groceries are known, so that the explorer marks the right ones. */
const FIRST_QUERY = 'Lasagna';

/** `r4t demo`: the explorer over a run that comes as a package. */
export function addDemoCommand(program: Command, io: CliIo): void {
  program
    .command('demo')
    .description('explore a compiled run of dishes and groceries in the browser; nothing is trained')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0), 7480)
    .option('--no-open', 'only say where it is; for servers')
    .action((flags: DemoFlags) => demoAction(flags, io));
}

async function demoAction(
  { port, open: isOpened }: DemoFlags,
  { stdout, stderr, signal, open }: CliIo,
): Promise<void> {
  const run = demoRun();
  const [{ startServer }, { pino }] = await Promise.all([import('../serve/http/server.js'), import('pino')]);
  const log = pino({ level: 'error' }, { write: (line: string) => void stderr.write(line) });
  const limits = { threads: 1, seconds: 10, queue: 512, logQueries: false };
  const server = await startServer({ run, host: '127.0.0.1', port, keys: [], log, ...limits });
  try {
    const address = `${server.url}/?q=${encodeURIComponent(FIRST_QUERY)}`;
    stdout.write(
      `${address} shows dishes and the groceries to buy, by plain search and by r4t; Ctrl-C ends it\n`,
    );
    if (isOpened) open?.(address);
    await aborted(signal);
  } finally {
    await server.close();
  }
}

/** @throws InputError if the package is not installed where the module `from` would find it */
export function demoRun(from: string = import.meta.url): string {
  try {
    return join(dirname(createRequire(from).resolve('@r4t/demo/package.json')), 'kitchen');
  } catch (cause) {
    throw new InputError(
      'the demo is a package of its own, which is not installed; npx -p r4t -p @r4t/demo r4t demo',
      {},
      { cause },
    );
  }
}
