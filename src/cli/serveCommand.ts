import type { Command } from 'commander';
import { fetching } from './fetching.js';
import type { CliIo } from './io.js';
import { collect } from './options.js';
import { addServiceOptions, openService, type ServiceFlags, serveUntil } from './serviceOptions.js';

interface ServeFlags extends ServiceFlags {
  readonly logQueries?: true;
  readonly cors: readonly string[];
  readonly labels?: string;
  readonly changes?: string;
}

/** `r4t serve`: a run as an HTTP service with its explorer. */
export function addServeCommand(program: Command, io: CliIo): void {
  const command = program
    .command('serve')
    .description('answer searches over HTTP, and explore sets in the browser')
    .argument('<run>', 'run folder, or its address (https://...)');
  addServiceOptions(command, { port: 7480, timeout: 10, queue: 512, waiting: 'queries' })
    .option('--cors <origin>', 'let pages of this origin call from a browser; may be repeated', collect, [])
    .option('--labels <folder>', 'where labels of the explorer are kept (default: labels in the run folder)')
    .option(
      '--changes <address>',
      'share changes of items with other services: postgres://user@host/database?table=r4t_changes',
    )
    .option('--log-queries', 'write what is searched for into the access log')
    .action((folder: string, flags: ServeFlags) => serveAction(folder, flags, io));
}

async function serveAction(folder: string, flags: ServeFlags, io: CliIo): Promise<void> {
  const { apiKeyFile: _, timeout: seconds, logQueries = false, cors: origins, ...options } = flags;
  const { startServer } = await import('../serve/http/server.js');
  const { keys, log } = await openService(flags, io);
  const server = await fetching(folder, io, (control) =>
    startServer({ ...options, run: folder, keys, seconds, logQueries, origins, log, control }),
  );
  io.stderr.write(`r4t: ${server.url} (stop with Ctrl-C)\n`);
  const { name, fingerprint } = server.host.facts.run;
  log.info({ url: server.url, run: name, fingerprint }, 'listening');
  const reload = () => void server.host.reload().catch(() => {});
  process.on('SIGHUP', reload);
  try {
    await serveUntil(io, server, log);
  } finally {
    process.off('SIGHUP', reload);
  }
}
