/** Hostile requests over a real socket; `npm run test:crash` sends more of the same. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { type Listening, listen } from '../../dashboard/listen.js';
import { fuzz } from '../testing/fuzzer.js';
import { compileTiny, serveTiny, type TinyService } from '../testing/tinyRun.js';
import { parseKeys } from './auth.js';

const temp = tempFolder();
const fullKey = 'full-key-of-the-owner';
const readKey = 'read-key-of-somebody';
let service: TinyService;
let server: Listening;

beforeAll(async () => {
  temp.write('secret.txt', 'canary-7d1f');
  const keys = parseKeys(`full:${fullKey}\nread:${readKey}`, {});
  service = await serveTiny(await compileTiny(temp), { keys });
  server = await listen(service, 0);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await service.host.close();
});

it('are answered, and never with an error of the server, a file, or a write that is not allowed', async () => {
  const { origin: url } = new URL(server.url);
  const secrets = ['canary-7d1f', 'root:x:0:0', '"r4t-run"', '"devDependencies"'];
  const { statuses, wrong } = await fuzz({ url, fullKey, readKey, secrets }, { seed: 1, requests: 400 });
  expect(wrong).toEqual([]);
  // They come far enough to be refused for all kinds of reasons.
  for (const status of [200, 400, 401, 403, 404]) expect(statuses[status], `${status}`).toBeGreaterThan(0);
  await service.settled();
  const found = await service.post(
    '/v1/search',
    { query: 'a boot', k: 100, method: 'plain' },
    { 'X-API-Key': readKey },
  );
  expect(await found.text()).not.toContain('stolen');
});

it('of endless bodies are cut off, whatever length they claim', async () => {
  const { hostname, port } = new URL(server.url);
  const head = `POST /v1/search HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: ${readKey}\r\nContent-Type: application/json\r\n`;
  for (const framing of ['Content-Length: 1000000000', 'Transfer-Encoding: chunked']) {
    const socket = connect({ host: hostname, port: Number(port) });
    socket.on('error', () => {});
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.write(`${head}${framing}\r\n\r\n`);
    const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
    let sent = 0;
    while (!answer && !socket.destroyed && sent < 64) {
      socket.write(chunk);
      sent++;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    socket.destroy();
  }
});
