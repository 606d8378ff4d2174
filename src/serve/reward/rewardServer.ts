/** The reward service on a socket. */
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { InputError } from '../../errors.js';
import { RunFolder } from '../../run/runFolder.js';
import { TRAIN_FOLDER } from '../../train/jobFolder.js';
import { type ApiKey, isLoopback } from '../http/auth.js';
import { drain, listen, urlOf, watchFresh } from '../http/server.js';
import { createRewardApp } from './rewardApp.js';
import { type LoadRewardOptions, RewardEngine } from './rewardEngine.js';

export interface ServeRewardOptions extends LoadRewardOptions {
  /** The run folder. */
  readonly run: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly keys: readonly ApiKey[];
  /** Seconds after which a request is given up. */
  readonly seconds: number;
  /** Completions that may wait. */
  readonly queue: number;
  readonly log: Logger;
}

export interface RunningRewardServer {
  /** Where it listens, e.g. `http://127.0.0.1:7481`. */
  readonly url: string;
  /** Answers what has arrived and ends; what is not done after the seconds (10) is cut off. */
  close(seconds?: number): Promise<void>;
}

/** A request must have arrived whole within these milliseconds; an adapter has hundreds of megabytes. */
const REQUEST_TIMEOUT = 900_000;
/** Longer than trainers leave a connection idle between two steps. */
const KEEP_ALIVE_TIMEOUT = 75_000;

/** @throws InputError if the run has no reward that can be served, or an address that others reach has no keys */
export async function startRewardServer({
  run: folder,
  host,
  port,
  keys,
  seconds,
  queue,
  log,
  ...load
}: ServeRewardOptions): Promise<RunningRewardServer> {
  if (keys.length === 0 && !isLoopback(host)) {
    throw new InputError(
      `others reach ${host}, so it needs API keys: give --api-key-file, or set R4T_API_KEYS`,
      { field: 'host' },
    );
  }
  const run = await RunFolder.open(folder);
  const engine = await RewardEngine.load(folder, load);
  const app = createRewardApp({
    engine,
    keys,
    seconds,
    queue,
    adapters: run.path(TRAIN_FOLDER),
    onAccess({ status, ...line }) {
      log[status >= 500 && status !== 503 ? 'error' : 'info']({ status, ...line }, 'request');
    },
  });
  app.metrics.watchProcess();
  // The adaptor's default server speaks HTTP/1.1.
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { requestTimeout: REQUEST_TIMEOUT, keepAliveTimeout: KEEP_ALIVE_TIMEOUT },
  }) as Server;
  const fresh = watchFresh(server);
  try {
    await listen(server, host, port);
  } catch (error) {
    await engine.release();
    throw error;
  }
  return {
    url: urlOf(server.address() as AddressInfo),
    async close(grace = 10) {
      app.drain();
      await drain(server, fresh, grace);
      await engine.release();
    },
  };
}
