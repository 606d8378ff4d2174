import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { InputError } from '../errors.js';

export interface Listening extends AsyncDisposable {
  readonly url: string;
}

/**
 * Serves an app on the loopback address; port 0 takes a free one.
 *
 * @throws InputError if the port is taken
 */
export async function listen(app: Pick<Hono, 'fetch'>, port: number): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const problem = LISTEN_PROBLEMS[error.code ?? ''];
      reject(problem ? new InputError(`${port} ${problem}`, { field: 'port' }) : error);
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}/`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Streams of events have no end of their own.
        if ('closeAllConnections' in server) server.closeAllConnections();
      }),
  };
}

const LISTEN_PROBLEMS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another program; choose another',
  EACCES: 'may not be used; choose one above 1023',
};
