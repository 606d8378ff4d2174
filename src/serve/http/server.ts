/** The search service, from loading to draining. */
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import { openRunLabels } from '../../labels/runLabels.js';
import { RunHost } from '../changes/host.js';
import { WorkerEngine } from '../engine/workerEngine.js';
import { createApp } from './app.js';
import type { ApiKey } from './auth.js';
import { checkOrigins } from './cors.js';
import type { LabelTask } from './schemas.js';
import { accessTo, checkReach, type OpenSocket, openSocket } from './socket.js';
import { loadStaticFiles } from './staticFiles.js';

export interface ServeOptions {
  /** The run folder. */
  readonly run: string;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  readonly keys: readonly ApiKey[];
  /** Threads of one operator of the runtime. */
  readonly threads: number;
  /** Seconds after which a search is given up. */
  readonly seconds: number;
  /** Queries that may wait. */
  readonly queue: number;
  /** Queries answered by one call of the model (32). */
  readonly maxBatch?: number;
  readonly logQueries: boolean;
  /** Origins of pages that may call from a browser (none). */
  readonly origins?: readonly string[];
  /** Folder of labels (`labels` in the run folder). */
  readonly labels?: string;
  /** What people are asked to label. */
  readonly task?: LabelTask;
  readonly log: Logger;
}

export interface RunningServer {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly host: RunHost;
  /** Answers what has arrived and ends; what is not done after the seconds (10) is cut off. */
  close(seconds?: number): Promise<void>;
}

/** A request must have arrived whole within these milliseconds. */
const REQUEST_TIMEOUT = 30_000;

/** @throws InputError if the run cannot be searched, or an address that others reach has no keys */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { run, host: address, port, keys, threads, seconds, queue, maxBatch, logQueries, log } = options;
  checkReach(address, keys);
  const origins = checkOrigins(options.origins ?? [], keys.length > 0);
  const files = await loadStaticFiles(fileURLToPath(new URL('../../../dist/ui', import.meta.url)));
  const host = await RunHost.open({
    folder: run,
    start: (folder) => WorkerEngine.load({ folder, threads }),
    onError: (message, err) => log.error({ err }, message),
    onReload(outcome, detail) {
      app.metrics.reload(outcome);
      if (outcome === 'done') log.info({ run: detail }, 'another run is served');
      else log.warn({ reason: detail }, 'the run could not be loaded; the old one stays');
    },
  });
  const app = createApp({
    host,
    labels: await openRunLabels(run, options.labels),
    task: options.task,
    keys,
    seconds,
    queue,
    maxBatch,
    logQueries,
    origins,
    files,
    onAccess: accessTo(log),
  });
  app.metrics.watchProcess();
  let socket: OpenSocket;
  try {
    socket = await openSocket({ app, host: address, port, requestTimeout: REQUEST_TIMEOUT });
  } catch (error) {
    await host.close();
    throw error;
  }
  host.watch();
  return {
    url: socket.url,
    host,
    async close(grace = 10) {
      app.drain();
      await socket.drain(grace);
      await host.close();
    },
  };
}
