/** An app on a socket: from listening to draining. */
import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import type { Logger } from 'pino';
import { InputError } from '../../errors.js';
import type { AccessLine } from './answers.js';
import { type ApiKey, isLoopback } from './auth.js';

export interface SocketOptions {
  readonly app: { readonly fetch: Parameters<typeof createAdaptorServer>[0]['fetch'] };
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** A request must have arrived whole within these milliseconds. */
  readonly requestTimeout: number;
}

export interface OpenSocket {
  /** Where it listens, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Answers what has arrived and ends; what is not done after the seconds is cut off. */
  drain(seconds: number): Promise<void>;
}

/**
 * An idle connection stays open so many milliseconds: longer than load balancers keep theirs (60 seconds as a rule), and than trainers pause
 * between two steps, so that none sends a request into one that is just being closed.
 */
const KEEP_ALIVE_TIMEOUT = 75_000;

/** @throws InputError if the address is taken, or none of this machine */
export async function openSocket({ app, host, port, requestTimeout }: SocketOptions): Promise<OpenSocket> {
  // The adaptor's default server speaks HTTP/1.1.
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: { requestTimeout, keepAliveTimeout: KEEP_ALIVE_TIMEOUT },
  }) as Server;
  const fresh = watchFresh(server);
  await listen(server, host, port);
  return {
    url: urlOf(server.address() as AddressInfo),
    drain: (seconds) => drain(server, fresh, seconds),
  };
}

/** @throws InputError where others reach an address that asks for no keys */
export function checkReach(host: string, keys: readonly ApiKey[]): void {
  if (keys.length > 0 || isLoopback(host)) return;
  throw new InputError(
    `others reach ${host}, so it needs API keys: give --api-key-file, or set R4T_API_KEYS`,
    { field: 'host' },
  );
}

/** Writes a line of the access log. */
export const accessTo =
  (log: Logger) =>
  ({ status, ...line }: AccessLine): void =>
    log[status >= 500 && status !== 503 ? 'error' : 'info']({ status, ...line }, 'request');

function listen(server: Server, host: string, port: number): Promise<void> {
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

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

/** A server that goes down listens this long: those who balance loads see that it is not ready, and look elsewhere. */
const LAST_MOMENT = 500;
/** Longest wait for the first request of a connection that was opened before. */
const FIRST_REQUEST = 2000;

/** Connections that have not asked anything yet. */
function watchFresh(server: Server): ReadonlySet<Socket> {
  const fresh = new Set<Socket>();
  server.on('connection', (socket) => {
    fresh.add(socket);
    socket.once('close', () => fresh.delete(socket));
  });
  server.on('request', ({ socket }) => fresh.delete(socket));
  return fresh;
}

/** Ends when every connection has; what is not done after the seconds is cut off. */
async function drain(server: Server, fresh: ReadonlySet<Socket>, seconds: number): Promise<void> {
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
