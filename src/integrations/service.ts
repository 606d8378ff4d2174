/**
 * `r4t/service`: the HTTP service as a part of your own app, in Hono, Express or any server of Node.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { ChangesTable } from '../serve/changes/changesTable.js';
import { RunHost } from '../serve/changes/host.js';
import { WorkerEngine } from '../serve/engine/workerEngine.js';
import type { AccessLine } from '../serve/http/answers.js';
import { type App, createApp } from '../serve/http/app.js';
import { parseKeys, type Role } from '../serve/http/auth.js';
import { checkOrigins } from '../serve/http/cors.js';

export type { AccessLine } from '../serve/http/answers.js';

export interface ServiceOptions {
  /**
   * What requests may do that your app lets through: `read` searches, `full` changes items too (`read`). Who may come through is for your
   * app to say.
   */
  readonly access?: Role;
  /** Keys in place of `access`, as the file of `r4t serve` has them: `full:<key>` or `read:<key>`. */
  readonly keys?: readonly string[];
  /** Where changes of items are kept that several services share: `postgres://user@host/database?table=r4t_changes` (a file in the run). */
  readonly changes?: string;
  /** Threads of one model call (1). */
  readonly threads?: number;
  /** Milliseconds after which a search is given up (10,000). */
  readonly timeoutMs?: number;
  /** Queries that may wait (512). */
  readonly queue?: number;
  /** Origins of pages that may call from a browser (none but your app's own). */
  readonly origins?: readonly string[];
  /** Told of every request. */
  readonly onAccess?: (line: AccessLine) => void;
  /** Told of what no request is told about, such as a run that cannot be loaded (`console.error`). */
  readonly onError?: (message: string, error: unknown) => void;
}

/** A request listener of Node, as Express and Connect take it. */
export type Listener = (request: IncomingMessage, response: ServerResponse) => void;

export interface Service extends AsyncDisposable {
  /** For Hono: `app.route('/sets', service.routes)`. */
  readonly routes: App['routes'];
  /** For Express and others: `app.use('/sets', service.listener)`. */
  readonly listener: Listener;
  /** Lets searches under way end, and releases the models. */
  close(): Promise<void>;
}

/**
 * Loads a run, in a thread of its own, and answers its HTTP API wherever you put it. Another run that is put into the folder is loaded
 * as by `r4t serve`.
 *
 * @param run its folder, or the address of one (`https://host/path/run`)
 * @throws InputError if the run cannot be searched, or a key is malformed; RunFetchError or ChangesError where what is elsewhere cannot
 *   be had
 *
 * @example
 * const service = await openService('runs/shop');
 * app.route('/sets', service.routes); // POST /sets/v1/search
 */
export async function openService(run: string, options: ServiceOptions = {}): Promise<Service> {
  const {
    access = 'read',
    keys = [],
    threads = 1,
    timeoutMs = 10_000,
    queue,
    origins = [],
    onAccess,
  } = options;
  const { onError = (message, error) => console.error(`r4t: ${message}`, error) } = options;
  const known = keys.flatMap((key, i) => parseKeys(key, { field: `keys[${i}]` }));
  const allowed = checkOrigins([...origins], known.length > 0);
  const changes = options.changes === undefined ? undefined : await ChangesTable.open(options.changes);
  const host = await RunHost.open({
    run,
    changes,
    start: (folder) => WorkerEngine.load({ folder, threads }),
    onError,
    onReload: (outcome, detail) =>
      outcome === 'failed' && onError('the run could not be loaded; the old one stays', detail),
  }).catch(async (error: unknown) => {
    await changes?.close();
    throw error;
  });
  const guard = known.length > 0 ? { keys: known } : { access };
  const app = createApp({ host, ...guard, seconds: timeoutMs / 1000, queue, origins: allowed, onAccess });
  host.watch();
  const close = () => {
    app.drain();
    return host.close();
  };
  return { routes: app.routes, listener: listenerOf(app), close, [Symbol.asyncDispose]: close };
}

/** An app as a listener. A body that a parser before it has read is taken from where parsers leave it. */
export function listenerOf({ fetch }: Pick<App, 'fetch'>): Listener {
  const listen = getRequestListener(fetch, { overrideGlobalObjects: false });
  return (request: IncomingMessage & { body?: unknown; rawBody?: Buffer }, response) => {
    const { body } = request;
    if (body !== undefined && request.readableEnded)
      request.rawBody ??= Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
    void listen(request, response);
  };
}
