import type { Command } from 'commander';
import type { CliIo } from './io.js';
import { addServiceOptions, openService, type ServiceFlags, serveUntil } from './serviceOptions.js';

/** `r4t serve-reward`: a run's reward for trainers elsewhere. */
export function addServeRewardCommand(program: Command, io: CliIo): void {
  const command = program
    .command('serve-reward')
    .description("give a run's reward to trainers over HTTP: TRL, OpenRLHF, verl")
    .argument('<run>', 'run folder; its encode stage is enough');
  addServiceOptions(command, { port: 7481, timeout: 120, queue: 16_384, waiting: 'completions' }).action(
    (folder: string, flags: ServiceFlags) => serveRewardAction(folder, flags, io),
  );
}

async function serveRewardAction(run: string, flags: ServiceFlags, io: CliIo): Promise<void> {
  const { host, port, threads, queue, timeout: seconds } = flags;
  const { startRewardServer } = await import('../serve/reward/rewardServer.js');
  const { keys, log } = await openService(flags, io);
  const { signal } = io;
  const server = await startRewardServer({ run, host, port, threads, queue, keys, seconds, log, signal });
  io.stderr.write(`r4t: ${server.url}/get_reward (stop with Ctrl-C)\n`);
  log.info({ url: server.url, run }, 'listening');
  await serveUntil(io, server, log);
}
