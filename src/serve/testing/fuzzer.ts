/** Requests that nobody honest sends, over a real socket: drawn from a seed, so that each can be sent again. */
import { connect } from 'node:net';
import { CounterRandom } from '../../random.js';

export interface FuzzTarget {
  /** Of a server that asks for keys. */
  readonly url: string;
  readonly fullKey: string;
  readonly readKey: string;
  /** Texts that stand in files beside those it may give out. */
  readonly secrets: readonly string[];
}

export interface FuzzOptions {
  readonly seed: number;
  readonly requests: number;
  /** Sockets at a time (8). */
  readonly parallel?: number;
}

export interface FuzzReport {
  /** Answers by status; 0: the connection was closed without one. */
  readonly statuses: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

const TRAVERSALS = [
  '..',
  '%2e%2e',
  '.%2e',
  '%252e%252e',
  '..%2f..',
  '..%5c..',
  '....',
  '..;',
  '%c0%ae%c0%ae',
  '..%00',
];
const FILES = [
  'etc/passwd',
  'secret.txt',
  'run.json',
  'run/run.json',
  'keys.txt',
  'package.json',
  'proc/self/environ',
];
const ROOTS = ['/', '/assets/', '/v1/items/', '/v1/', '//', '/\\', '/docs/', '/v1/items/item-1/'];
const PROTOTYPES = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
];
const FIELDS = [
  'query',
  'queries',
  'k',
  'method',
  'methods',
  'filter',
  'distinct',
  'exclude',
  'offset',
  'minScore',
  'steps',
  'seed',
  'diversity',
  'directions',
  'reference',
  'upsert',
  'delete',
  'limit',
  'judgments',
  'item',
  'items',
  'verdict',
];
const PATHS = [
  '/v1/search',
  '/v1/fanout',
  '/v1/items',
  '/v1/labels',
  '/v1/reload',
  '/v1/info',
  '/v1/map',
  '/healthz',
  '/readyz',
  '/metrics',
  '/openapi.json',
  '/docs',
  '/',
];
const METHODS = [
  'GET',
  'POST',
  'PUT',
  'DELETE',
  'PATCH',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'CONNECT',
  'PROPFIND',
  'get',
  'X',
];

/** Draws one request: its bytes, and whether it tries to write with a key that may only read. */
function drawRequest(
  random: CounterRandom,
  { url, fullKey, readKey }: FuzzTarget,
): { bytes: Buffer; writes: boolean } {
  const pick = <T>(from: readonly T[]): T => from[random.integer(from.length)];
  const { host } = new URL(url);

  function value(depth = 0): unknown {
    const kind = random.integer(depth > 3 ? 8 : 11);
    switch (kind) {
      case 0:
        return pick(PROTOTYPES);
      case 1:
        return random.integer(2 ** 31) - 2 ** 30;
      case 2:
        return pick([Number.MAX_VALUE, -0, 1e-320, 2 ** 53, 0.1]);
      case 3:
        return pick([true, false, null]);
      case 4:
        return String.fromCodePoint(
          ...Array.from({ length: 1 + random.integer(12) }, () => random.integer(0xd800)),
        );
      case 5:
        return pick([
          'red boot',
          'color=red',
          'price<20',
          'color IN (red, __proto__)',
          '((((',
          'price 1..2',
          '\u0000',
          '\ud800',
        ]);
      case 6:
        return 'x'.repeat(random.integer(20_000));
      case 7:
        return pick(['plain', 'mmr', 'diffusion', 'folm', 'bm25', 'auto', 'none']);
      case 8:
        return Array.from({ length: random.integer(5) }, () => value(depth + 1));
      default:
        return object(depth + 1);
    }
  }
  function object(depth: number): object {
    const names = Array.from({ length: random.integer(5) }, () =>
      pick([...PROTOTYPES, 'field', 'op', 'value', 'and', 'or', 'not', 'id', 'title', ...FIELDS]),
    );
    // Made by JSON, as a key __proto__ of a literal would set the prototype.
    return JSON.parse(
      `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(value(depth)) ?? 'null'}`).join(',')}}`,
    ) as object;
  }
  function body(): string {
    const own = Object.entries(object(0));
    const usual = pick<[string, unknown][]>([
      [['query', value(3)]],
      [['queries', [value(3)]]],
      [['upsert', [object(2)]]],
      [['delete', [value(3)]]],
      [],
    ]);
    const json = JSON.stringify(Object.fromEntries([...usual, ...own]));
    switch (random.integer(12)) {
      case 0:
        return json.slice(0, random.integer(json.length + 1));
      case 1:
        return `{"__proto__":${json},"query":"a"}`;
      case 2:
        return `${'['.repeat(random.integer(3000))}${json}`;
      case 3:
        return 'y'.repeat(pick([10, 70_000, 1_100_000]));
      default:
        return json;
    }
  }
  const path = (): string => {
    if (random.integer(3) > 0) {
      const up = Array.from({ length: 1 + random.integer(6) }, () => pick(TRAVERSALS));
      return `${pick(ROOTS)}${up.join(pick(['/', '%2f', '\\', '%5c', '//']))}/${pick(FILES)}${pick(['', '/image', '%00.png', '?x=1', '#a'])}`;
    }
    return `${pick(PATHS)}${pick(['', '/', '?limit=-1', '?__proto__[x]=1', '?limit=1e9', '/%00', '%', '/../healthz', '?a=%ff'])}`;
  };

  if (random.integer(25) === 0) {
    // No HTTP at all.
    return {
      bytes: Buffer.from(Array.from({ length: 1 + random.integer(200) }, () => random.integer(256))),
      writes: false,
    };
  }
  const tries = random.integer(6) === 0;
  const key = tries ? readKey : pick([fullKey, readKey, readKey, '', `${fullKey}x`, 'x'.repeat(9000)]);
  const posts = tries || random.integer(2) === 0;
  const target = tries
    ? pick([
        '/v1/items',
        '/v1/reload',
        '//v1/items',
        '/v1/../v1/items',
        '/v1/items/',
        '/V1/ITEMS',
        '/v1/%69tems',
        '/v1/items?x',
        `${url}/v1/items`,
      ])
    : posts
      ? pick(PATHS)
      : path();
  const method = tries
    ? pick(['POST', 'POST', 'PUT', 'GET', 'HEAD', 'PATCH'])
    : posts
      ? pick(['POST', 'POST', 'POST', 'PUT', pick(METHODS)])
      : pick(['GET', 'GET', 'GET', pick(METHODS)]);
  const content = posts
    ? tries
      ? '{"upsert":[{"id":"stolen","title":"stolen boot"}],"delete":["item-1"]}'
      : body()
    : '';
  const headers = [
    `Host: ${pick([host, host, host, 'evil.example', `${host}:x`, '', '[::1', 'localhost'])}`,
    pick([
      `Authorization: Bearer ${key}`,
      `X-API-Key: ${key}`,
      `authorization: bearer   ${key}`,
      `Authorization: Bearer ${key}, Bearer ${fullKey.slice(0, 8)}`,
    ]),
    'Connection: close',
    ...(posts
      ? [
          `Content-Type: ${pick(['application/json', 'application/json', 'application/json; charset=utf-7', 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', ''])}`,
        ]
      : []),
    ...(random.integer(3) === 0
      ? [
          pick([
            'X-HTTP-Method-Override: DELETE',
            'X-Original-URL: /v1/reload',
            'X-Forwarded-Host: 127.0.0.1',
            'X-Forwarded-For: 127.0.0.1, __proto__',
            'Content-Encoding: gzip',
            'Range: bytes=0-999999999',
            'Expect: 100-continue',
            'Expect: something',
            'If-None-Match: *',
            `X-Request-Id: ${'z'.repeat(5000)}`,
            'X-Request-Id: a\tb',
            'Cookie: __proto__=1',
            `X-Long: ${'q'.repeat(pick([100, 20_000]))}`,
            'Upgrade: websocket',
            'Accept: \u00ff',
            'Forwarded: host=evil',
            'Origin: null',
            'Referer: javascript:alert(1)',
            'Content-Length: 5',
            'Transfer-Encoding: identity',
            '__proto__: x',
            'constructor: y',
          ]),
        ]
      : []),
  ];
  const length = Buffer.byteLength(content);
  const framing = posts
    ? pick([
        `Content-Length: ${length}`,
        `Content-Length: ${length}`,
        `Content-Length: ${length}`,
        `Content-Length: ${length + random.integer(9)}`,
        'Content-Length: -1',
        'Content-Length: 99999999999',
        'Transfer-Encoding: chunked',
        `Content-Length: ${length}\r\nTransfer-Encoding: chunked`,
      ])
    : '';
  const sent =
    framing.includes('chunked') && random.integer(2) === 0
      ? `${length.toString(16)}\r\n${content}\r\n0\r\n\r\n`
      : content;
  const head = [
    `${method} ${target} HTTP/${pick(['1.1', '1.1', '1.1', '1.0', '3.9'])}`,
    ...headers,
    ...(framing ? [framing] : []),
  ].join(pick(['\r\n', '\r\n', '\r\n', '\n']));
  return { bytes: Buffer.from(`${head}\r\n\r\n${sent}`, 'latin1'), writes: tries };
}

/** An answer has this long; longer is a hanging server. */
const SECONDS = 60;

/** Sends bytes and reads until the other side ends. Nothing else is to be sent, and says so. */
function exchange(url: string, bytes: Buffer): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.end(bytes));
    socket.setTimeout(SECONDS * 1000, () => {
      socket.destroy();
      reject(new Error('no end of the answer'));
    });
    socket.on('data', (chunk) => chunks.push(chunk));
    // A server that has said enough may close before all has arrived.
    socket.on('error', () => {});
    socket.on('close', () => resolve(Buffer.concat(chunks).toString('latin1')));
  });
}

/** Sends requests, and says which answers are no answers: 5xx, a file disclosed, a write by a key that may only read, none at all. */
export async function fuzz(
  target: FuzzTarget,
  { seed, requests, parallel = 8 }: FuzzOptions,
): Promise<FuzzReport> {
  const statuses: Record<string, number> = {};
  const wrong: string[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    while (next < requests) {
      const number = next++;
      const { bytes, writes } = drawRequest(new CounterRandom(seed, 'fuzz', number), target);
      const shown = `${number}: ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`;
      const answer = await exchange(target.url, bytes).catch((error: unknown) => `HTTP/1.1 000 ${error}`);
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0);
      // After `100 Continue` comes the answer itself.
      const final = status === 100 ? Number(/\r\n\r\nHTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0) : status;
      statuses[final] = (statuses[final] ?? 0) + 1;
      if (final >= 500 || answer.startsWith('HTTP/1.1 000'))
        wrong.push(`${shown} was answered with ${answer.slice(0, 300)}`);
      if (target.secrets.some((secret) => answer.includes(secret))) wrong.push(`${shown} was given a file`);
      if (writes && /^HTTP\/1\.1 202/.test(answer)) wrong.push(`${shown} has written`);
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker));
  return { statuses, wrong };
}
