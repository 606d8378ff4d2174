/** What commands that listen have in common: their options, their log, and how they end. */
import type { Command } from 'commander';
import type { Logger } from 'pino';
import type { ApiKey } from '../serve/http/auth.js';
import { aborted, type CliIo } from './io.js';
import { wholeNumber } from './options.js';

export interface ServiceFlags {
  readonly host: string;
  readonly port: number;
  readonly apiKeyFile?: string;
  readonly threads: number;
  readonly timeout: number;
  readonly queue: number;
}

export interface ServiceDefaults {
  readonly port: number;
  readonly timeout: number;
  readonly queue: number;
  /** What waits in the queue, e.g. `queries`. */
  readonly waiting: string;
}

export function addServiceOptions(
  command: Command,
  { port, timeout, queue, waiting }: ServiceDefaults,
): Command {
  return command
    .option('--host <address>', 'address to listen on; others than this machine need API keys', '127.0.0.1')
    .option('--port <n>', 'port to listen on; 0 takes a free one', wholeNumber(0), port)
    .option('--api-key-file <file>', 'keys, one a line: full:<key> or read:<key> (also R4T_API_KEYS)')
    .option('--threads <n>', 'threads of one model call', wholeNumber(1), 1)
    .option('--timeout <seconds>', 'give up a request after this', wholeNumber(1), timeout)
    .option('--queue <n>', `${waiting} that may wait; more are answered with 503`, wholeNumber(1), queue);
}

/** Keys and log as the flags and the environment say. */
export async function openService(
  { apiKeyFile }: ServiceFlags,
  io: CliIo,
): Promise<{ readonly keys: readonly ApiKey[]; readonly log: Logger }> {
  const [{ loadKeys }, { pino }] = await Promise.all([import('../serve/http/auth.js'), import('pino')]);
  const keys = await loadKeys(apiKeyFile, io.env?.R4T_API_KEYS);
  // Time as people and log tools read it; the process id and host are the log collector's business.
  const settings = { base: null, timestamp: pino.stdTimeFunctions.isoTime };
  return { keys, log: pino(settings, { write: (line: string) => void io.stdout.write(line) }) };
}

/** Serves until the signal is given, then lets the server end what it has begun. */
export async function serveUntil(
  { signal }: CliIo,
  server: { close(): Promise<void> },
  log: Logger,
): Promise<void> {
  try {
    await aborted(signal);
  } finally {
    log.info('going down');
    await server.close();
    log.info('stopped');
  }
}
