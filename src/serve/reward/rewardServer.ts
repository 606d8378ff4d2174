/** The reward service, from loading to draining. */
import type { Logger } from 'pino';
import { RunFolder } from '../../run/runFolder.js';
import { TRAIN_FOLDER } from '../../train/jobFolder.js';
import type { ApiKey } from '../http/auth.js';
import { accessTo, checkReach, type OpenSocket, openSocket } from '../http/socket.js';
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
  checkReach(host, keys);
  const run = await RunFolder.open(folder);
  const engine = await RewardEngine.load(folder, load);
  const app = createRewardApp({
    engine,
    keys,
    seconds,
    queue,
    adapters: run.path(TRAIN_FOLDER),
    onAccess: accessTo(log),
  });
  app.metrics.watchProcess();
  let socket: OpenSocket;
  try {
    socket = await openSocket({ app, host, port, requestTimeout: REQUEST_TIMEOUT });
  } catch (error) {
    await engine.release();
    throw error;
  }
  return {
    url: socket.url,
    async close(grace = 10) {
      app.drain();
      await socket.drain(grace);
      await engine.release();
    },
  };
}
