import type { Command } from 'commander';
import type { CliIo } from './io.js';
import { wholeNumber } from './options.js';

interface ServeRewardFlags {
  readonly host: string;
  readonly port: number;
  readonly apiKeyFile?: string;
  readonly threads: number;
  readonly timeout: number;
  readonly queue: number;
}

/** `r4t serve-reward`: a run's reward for trainers elsewhere. */
export function addServeRewardCommand(program: Command, io: CliIo): void {
  program
    .command('serve-reward')
    .description("give a run's reward to trainers over HTTP: TRL, OpenRLHF, verl")
    .argument('<run>', 'run folder; its encode stage is enough')
    .option('--host <address>', 'address to listen on; others than this machine need API keys', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 takes a free one', wholeNumber(0), 7481)
    .option('--api-key-file <file>', 'keys, one a line: full:<key> or read:<key> (also R4T_API_KEYS)')
    .option('--threads <n>', 'threads of one model call', wholeNumber(1), 1)
    .option('--timeout <seconds>', 'give up a request after this', wholeNumber(1), 120)
    .option('--queue <n>', 'completions that may wait; more are answered with 503', wholeNumber(1), 16_384)
    .action((folder: string, flags: ServeRewardFlags) => serveRewardAction(folder, flags, io));
}

async function serveRewardAction(folder: string, flags: ServeRewardFlags, io: CliIo): Promise<void> {
  const { apiKeyFile, timeout: seconds, ...options } = flags;
  const [{ startRewardServer }, { loadKeys }, { pino }] = await Promise.all([
    import('../serve/reward/rewardServer.js'),
    import('../serve/http/auth.js'),
    import('pino'),
  ]);
  const keys = await loadKeys(apiKeyFile, io.env?.R4T_API_KEYS);
  const settings = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  const log = pino(settings, { write: (line: string) => void io.stdout.write(line) });
  const { signal } = io;
  const server = await startRewardServer({ ...options, run: folder, keys, seconds, log, signal });
  io.stderr.write(`r4t: ${server.url}/get_reward (stop with Ctrl-C)\n`);
  log.info({ url: server.url, run: folder }, 'listening');
  try {
    await new Promise<void>((resolve) => {
      if (signal?.aborted) resolve();
      else signal?.addEventListener('abort', () => resolve(), { once: true });
    });
  } finally {
    log.info('going down');
    await server.close();
    log.info('stopped');
  }
}
