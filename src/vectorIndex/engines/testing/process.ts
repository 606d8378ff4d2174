/** Servers of other languages that tests start. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** A port that nobody listens at. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address ? address.port : 0;
}

export interface StartedProcess {
  stop(): Promise<void>;
}

/**
 * Starts a server and waits until it answers.
 *
 * @returns the last words of a process that ends before, or never answers
 */
export async function startProcess(
  command: string,
  args: readonly string[],
  { isReady, seconds, env }: { isReady: () => Promise<boolean>; seconds: number; env?: NodeJS.ProcessEnv },
): Promise<StartedProcess | string> {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  const listen = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = error;
  });
  const stop = () => stopProcess(child);
  for (let waited = 0; waited < seconds * 1000; waited += 500) {
    if (failure) return failure.message;
    if (child.exitCode !== null) return `ended with ${child.exitCode}: ${said.trim().split('\n').at(-1)}`;
    if (await isReady().catch(() => false)) return { stop };
    await delay(500);
  }
  await stop();
  return `did not answer within ${seconds} s`;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
  await ended;
  clearTimeout(timer);
}
