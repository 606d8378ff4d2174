/** The run dashboard: one page, and the events it draws. */
import { readFile } from 'node:fs/promises';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { streamSSE } from 'hono/streaming';
import { R4tError } from '../errors.js';
import { RunFolder } from '../run/runFolder.js';
import { isLocalHostHeader } from '../serve/http/auth.js';
import { watchRuns } from './watchRun.js';

export interface DashboardOptions {
  /** Folders of the runs, finished or not. */
  readonly runs: readonly string[];
  /** Milliseconds between two looks at the files (500). */
  readonly interval?: number;
  /** Folder of the built pages (the package's own). */
  readonly pages?: string;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/**
 * Requests that name another host are refused, so that a web page cannot reach it by a name of its own.
 *
 * `GET /` is the page, `GET /api/events` a stream of server-sent events: all that the runs hold, then what is added. It
 * reads files only, so a run at work is not disturbed.
 *
 * @throws InputError if a folder holds no run
 */
export async function createDashboard({ runs, interval, pages }: DashboardOptions): Promise<Hono> {
  for (const run of runs) await RunFolder.open(run);
  const app = new Hono();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    }),
  );
  app.use(async (context, next) => {
    if (isLocalHostHeader(new URL(context.req.url).host)) return next();
    return context.text('the request names another host than this machine', 403);
  });
  app.get('/api/events', (context) =>
    streamSSE(context, async (stream) => {
      const controller = new AbortController();
      stream.onAbort(() => controller.abort());
      try {
        for await (const { type, data } of watchRuns(runs, { interval, signal: controller.signal })) {
          await stream.writeSSE({ event: type, data: JSON.stringify(data) });
        }
      } catch (error) {
        await stream.writeSSE({ event: 'problem', data: JSON.stringify({ detail: String(error) }) });
      }
    }),
  );
  app.get('*', async (context) => {
    const path = context.req.path === '/' ? '/dashboard.html' : normalize(context.req.path);
    const type = TYPES[extname(path)];
    const body = type && (await pageFile(path, pages));
    return body ? context.body(body, 200, { 'content-type': type }) : context.text('not found', 404);
  });
  return app;
}

/** The built pages lie beside the compiled code; for the code as it is written they are in `dist`. */
const PAGES = ['../ui', '../../dist/ui'].map((path) => fileURLToPath(new URL(path, import.meta.url)));

async function pageFile(path: string, pages?: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  for (const folder of pages === undefined ? PAGES : [pages]) {
    const body = await readFile(join(folder, path)).catch(() => undefined);
    if (body) return new Uint8Array(body);
  }
  if (path === '/dashboard.html') throw new R4tError('the pages are not built; run npm run build');
  return undefined;
}
