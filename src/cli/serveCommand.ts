import type { Command } from 'commander';
import { aborted, type CliIo } from './io.js';
import { collect, wholeNumber } from './options.js';

interface ServeFlags {
  readonly host: string;
  readonly port: number;
  readonly apiKeyFile?: string;
  readonly threads: number;
  readonly timeout: number;
  readonly queue: number;
  readonly logQueries?: true;
  readonly cors: readonly string[];
  readonly labels?: string;
}

/** `r4t serve`: a run as an HTTP service with its explorer. */
export function addServeCommand(program: Command, io: CliIo): void {
  program
    .command('serve')
    .description('answer searches over HTTP, and explore sets in the browser')
    .argument('<run>', 'run folder')
    .option('--host <address>', 'address to listen on; others than this machine need API keys', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 takes a free one', wholeNumber(0), 7480)
    .option('--api-key-file <file>', 'keys, one a line: full:<key> or read:<key> (also R4T_API_KEYS)')
    .option('--threads <n>', 'threads of one model call', wholeNumber(1), 1)
    .option('--timeout <seconds>', 'give up a search after this', wholeNumber(1), 10)
    .option('--queue <n>', 'queries that may wait; more are answered with 503', wholeNumber(1), 512)
    .option('--cors <origin>', 'let pages of this origin call from a browser; may be repeated', collect, [])
    .option('--labels <folder>', 'where labels of the explorer are kept (default: labels in the run folder)')
    .option('--log-queries', 'write what is searched for into the access log')
    .action((folder: string, flags: ServeFlags) => serveAction(folder, flags, io));
}

async function serveAction(folder: string, flags: ServeFlags, io: CliIo): Promise<void> {
  const { apiKeyFile, timeout: seconds, logQueries = false, cors: origins, ...options } = flags;
  const [{ startServer }, { loadKeys }, { pino }] = await Promise.all([
    import('../serve/http/server.js'),
    import('../serve/http/auth.js'),
    import('pino'),
  ]);
  const keys = await loadKeys(apiKeyFile, io.env?.R4T_API_KEYS);
  // Time as people and log tools read it; the process id and host are the log collector's business.
  const settings = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const log = pino(settings, { write: (line: string) => void io.stdout.write(line) });
  const server = await startServer({ ...options, run: folder, keys, seconds, logQueries, origins, log });
  io.stderr.write(`r4t: ${server.url} (stop with Ctrl-C)\n`);
  const { name, fingerprint } = server.host.facts.run;
  log.info({ url: server.url, run: name, fingerprint }, 'listening');
  const reload = () => void server.host.reload().catch(() => {});
  process.on('SIGHUP', reload);
  try {
    await aborted(io.signal);
  } finally {
    process.off('SIGHUP', reload);
    log.info('going down');
    await server.close();
    log.info('stopped');
  }
}
