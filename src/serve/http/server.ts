/** The search service, from loading to draining. */
import { fileURLToPath } from 'node:url';
import type { Logger } from 'pino';
import type { LabelFolder } from '../../labels/labelFolder.js';
import { openRunLabels } from '../../labels/runLabels.js';
import type { RunControl } from '../../progress.js';
import { ChangesTable } from '../changes/changesTable.js';
import { RunHost } from '../changes/host.js';
import { WorkerEngine } from '../engine/workerEngine.js';
import { createApp } from './app.js';
import type { ApiKey } from './auth.js';
import { checkOrigins } from './cors.js';
import type { LabelTask } from './schemas.js';
import { accessTo, checkReach, type OpenSocket, openSocket } from './socket.js';
import { loadStaticFiles } from './staticFiles.js';

export interface ServeOptions {
  /** The run folder, or its address. */
  readonly run: string;
  /** Database and table of changes that several services share, `postgres://user@host/database?table=r4t_changes`. */
  readonly changes?: string;
  /** Stops the loading, and is told how far a run at an address is fetched. */
  readonly control?: RunControl;
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
  /** Folder of labels (`labels` in the run folder; of a run at an address, none). */
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
  const changes = options.changes === undefined ? undefined : await ChangesTable.open(options.changes);
  const host = await RunHost.open({
    run,
    changes,
    control: options.control,
    start: (folder) => WorkerEngine.load({ folder, threads }),
    onError: (message, err) => log.error({ err }, message),
    onReload(outcome, detail) {
      app.metrics.reload(outcome);
      if (outcome === 'done') log.info({ run: detail }, 'another run is served');
      else log.warn({ reason: detail }, 'the run could not be loaded; the old one stays');
    },
  }).catch(async (error: unknown) => {
    await changes?.close();
    throw error;
  });
  const app = createApp({
    host,
    labels: await labelsOf(host, options),
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

/** Where labels are kept. What is written into a copy of a run would go with it. */
async function labelsOf(host: RunHost, { run, labels }: ServeOptions): Promise<LabelFolder | undefined> {
  if (!host.isCopy) return openRunLabels(run, labels);
  return labels === undefined ? undefined : openRunLabels(host.folder, labels);
}
