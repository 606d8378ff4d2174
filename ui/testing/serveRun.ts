import { pino } from 'pino';
import { type RunningServer, type ServeOptions, startServer } from '../../src/serve/http/server.js';

/** The service of a compiled run for a script to look at, on a free port. */
export const serveRun = (
  run: string,
  more: Pick<ServeOptions, 'labels' | 'task'> = {},
): Promise<RunningServer> =>
  startServer({
    ...more,
    run,
    host: '127.0.0.1',
    port: 0,
    keys: [],
    threads: 1,
    seconds: 60,
    queue: 64,
    logQueries: false,
    log: pino({ level: 'silent' }),
  });
