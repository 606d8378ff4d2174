/** A folder over plain GET, as an object store gives it out. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

export interface FolderServer {
  /** Where the folder is, e.g. `http://127.0.0.1:4711/shop`. */
  readonly url: string;
  /** What is given out from now on. */
  folder: string;
  /** Paths that were asked for, each with the status of the answer. */
  readonly asked: {
    readonly path: string;
    readonly status: number;
    readonly headers: IncomingMessage['headers'];
  }[];
  /** Answers in place of the folder where it returns true. */
  answer?: (path: string, response: ServerResponse) => boolean;
  close(): Promise<void>;
}

export async function serveFolder(folder: string, name = 'shop'): Promise<FolderServer> {
  const server = createServer((request, response) => {
    void (async () => {
      const path = decodeURIComponent(new URL(request.url ?? '/', 'http://here').pathname).replace(
        `/${name}/`,
        '',
      );
      response.on('finish', () =>
        served.asked.push({ path, status: response.statusCode, headers: request.headers }),
      );
      if (served.answer?.(path, response)) return;
      const bytes = await readFile(join(served.folder, path)).catch(() => undefined);
      if (!bytes) return void response.writeHead(404).end();
      const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}"`;
      if (request.headers['if-none-match'] === etag) return void response.writeHead(304).end();
      response.writeHead(200, { ETag: etag, 'Content-Length': bytes.length }).end(bytes);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const served: FolderServer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`,
    folder,
    asked: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return served;
}
