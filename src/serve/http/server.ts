/** The service on a socket: from loading to draining. */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { InputError } from '../../errors.js';
import { openRunLabels } from '../../labels/runLabels.js';
import { RunHost } from '../changes/host.js';
import { WorkerEngine } from '../engine/workerEngine.js';
import { createApp } from './app.js';
import { type ApiKey, isLoopback } from './auth.js';
import { checkOrigins } from './cors.js';
import type { LabelTask } from './schemas.js';
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
/**
 * An idle connection stays open so many milliseconds: longer than load balancers keep theirs (60 seconds as a rule), so that none sends a
 * request into one that is just being closed.
 */
const KEEP_ALIVE_TIMEOUT = 75_000;

/** @throws InputError if the run cannot be searched, or an address that others reach has no keys */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { run, host: address, port, keys, threads, seconds, queue, maxBatch, logQueries, log } = options;
  if (keys.length === 0 && !isLoopback(address)) {
    throw new InputError(
      `others reach ${address}, so it needs API keys: give --api-key-file, or set R4T_API_KEYS`,
      { field: 'host' },
    );
  }
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
    await listen(server, address, port);
  } catch (error) {
    await host.close();
    throw error;
  }
  host.watch();
  return {
    url: urlOf(server.address() as AddressInfo),
    host,
    async close(grace = 10) {
      app.drain();
      await drain(server, fresh, grace);
      await host.close();
    },
  };
}

export function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, resolve);
  });
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program; choose another --port',
  EACCES: 'may not be used; choose a --port above 1023',
  EADDRNOTAVAIL: 'is no address of this machine; choose another --host',
  ENOTFOUND: 'is no address of this machine; choose another --host',
};

function listenError(error: NodeJS.ErrnoException, host: string, port: number): Error {
  const problem = LISTEN_PROBLEMS[error.code ?? ''];
  return problem === undefined ? error : new InputError(`${host}:${port} ${problem}`, {}, { cause: error });
}

export function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** A server that goes down listens this long: those who balance loads see that it is not ready, and look elsewhere. */
const LAST_MOMENT = 500;
/** Longest wait for the first request of a connection that was opened before. */
const FIRST_REQUEST = 2000;

/** Connections that have not asked anything yet. */
export function watchFresh(server: Server): ReadonlySet<Socket> {
  const fresh = new Set<Socket>();
  server.on('connection', (socket) => {
    fresh.add(socket);
    socket.once('close', () => fresh.delete(socket));
  });
  server.on('request', ({ socket }) => fresh.delete(socket));
  return fresh;
}

/** Ends when every connection has; what is not done after the seconds is cut off. */
export async function drain(server: Server, fresh: ReadonlySet<Socket>, seconds: number): Promise<void> {
  await sleep(LAST_MOMENT);
  // Closing would reset them, with their request perhaps on its way.
  for (let waited = 0; fresh.size > 0 && waited < FIRST_REQUEST; waited += 50) await sleep(50);
  await new Promise<void>((resolve) => {
    const last = setTimeout(() => server.closeAllConnections(), seconds * 1000);
    // A kept-alive connection is idle again only after its answer.
    const sweep = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(last);
      clearInterval(sweep);
      resolve();
    });
  });
}
