/**
 * Load test of `r4t serve`, text in and ten items out.
 *
 *     npm --prefix bench/serve ci && npm run build
 *     npx jiti bench/serve/load.ts runs/quickstart     # --seconds 10, --threads 2, --minutes 5 for memory
 *
 * Every query is a new one, so that no cache helps; every answer is compared with that of the library for the query alone.
 * Server and load share the machine.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Retriever } from '../../src/retrieve/retriever.js';
import type { SearchResponse } from '../../src/serve/http/schemas.js';

/** As much of autocannon as is used; it comes without types. */
type Autocannon = (options: {
  url: string;
  connections: number;
  duration: number;
  overallRate?: number;
  requests: readonly {
    method: 'POST';
    path: string;
    headers: Record<string, string>;
    setupRequest(request: object, context: Context): object;
    onResponse(status: number, body: string, context: Context): void;
  }[];
}) => Promise<{ readonly errors: number; readonly timeouts: number }>;
interface Context {
  query?: string;
  sent?: number;
}

const { values: options, positionals } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    minutes: { type: 'string', default: '0' },
    /** Of one model call, as `r4t serve --threads`. */
    threads: { type: 'string', default: '1' },
    /** Answers that are compared with the library's, spread over all; each costs a search. */
    checked: { type: 'string', default: 'all' },
  },
  allowPositionals: true,
});
const run = positionals[0] ?? 'runs/quickstart';
const seconds = Number(options.seconds);
const QUEUE = 128;
const K = 10;

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
if (!existsSync(path('node_modules/autocannon'))) {
  console.error('autocannon is not installed: npm --prefix bench/serve ci');
  process.exit(1);
}
if (!existsSync(path('../../dist/serve/http/server.js'))) {
  console.error('the package is not built: npm run build');
  process.exit(1);
}
const autocannon = createRequire(import.meta.url)('autocannon') as Autocannon;

/** Pairs of the run's queries: more than any test can ask. */
const known = (
  JSON.parse(readFileSync(join(run, 'encode', 'queries.json'), 'utf8')) as { query: string }[]
).map(({ query }) => query);
let asked = 0;
function nextQuery(): string {
  const i = asked++;
  const other = (i * 7919 + Math.floor(i / known.length)) % known.length;
  return `${known[i % known.length]}, ${known[other]}`;
}

/** The items of every answer, by query. */
const answers = new Map<string, readonly string[]>();

interface Server {
  readonly process: ChildProcess;
  readonly url: string;
}

async function startServer(maxBatch: number): Promise<Server> {
  const args = [path('server.js'), run, String(maxBatch), String(QUEUE), options.threads];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()));
    child.once('exit', () => reject(new Error('the server did not start')));
  });
  return { process: child, url };
}

interface Phase {
  readonly phase: string;
  readonly 'answered/s': number;
  readonly 'refused/s': number;
  readonly 'p50 ms': number;
  readonly 'p99 ms': number;
  /** Processor time of the server for an answer: what is left to compare on a machine that others use too. */
  readonly 'cpu ms': number;
  readonly failed: number;
}

interface Load {
  readonly connections: number;
  /** Requests a second; without it every connection asks again as soon as it is answered. */
  readonly rate?: number;
  readonly duration?: number;
}

async function load(
  phase: string,
  server: Server,
  { connections, rate, duration = seconds }: Load,
): Promise<Phase> {
  const times: number[] = [];
  let refused = 0;
  let failed = 0;
  const before = await told(server, 'process_cpu_seconds_total');
  const started = performance.now();
  const { errors, timeouts } = await autocannon({
    url: server.url,
    connections,
    duration,
    ...(rate !== undefined && { overallRate: Math.max(1, Math.round(rate)) }),
    requests: [
      {
        method: 'POST',
        path: '/v1/search',
        headers: { 'Content-Type': 'application/json' },
        setupRequest(request, context) {
          context.query = nextQuery();
          context.sent = performance.now();
          return { ...request, body: JSON.stringify({ query: context.query, k: K }) };
        },
        onResponse(status, body, { query, sent }) {
          if (status === 429 || status === 503) refused++;
          else if (status !== 200) failed++;
          else {
            times.push(performance.now() - (sent as number));
            const [{ items }] = (JSON.parse(body) as SearchResponse).results;
            answers.set(
              query as string,
              items.map(({ id }) => id),
            );
          }
        },
      },
    ],
  });
  const elapsed = (performance.now() - started) / 1000;
  const busy = (await told(server, 'process_cpu_seconds_total')) - before;
  times.sort((a, b) => a - b);
  const quantile = (q: number) =>
    Number((times[Math.floor(q * (times.length - 1))] ?? Number.NaN).toFixed(1));
  return {
    phase,
    'answered/s': Math.round(times.length / elapsed),
    'refused/s': Math.round(refused / elapsed),
    'p50 ms': quantile(0.5),
    'p99 ms': quantile(0.99),
    'cpu ms': Number(((1000 * busy) / times.length).toFixed(2)),
    failed: failed + errors + timeouts,
  };
}

/** A number that the server's metrics tell. */
async function told({ url }: Server, metric: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^${metric} (\\S+)`, 'm').exec(text)?.[1]);
}

const residentMegabytes = async (server: Server): Promise<number> =>
  (await told(server, 'process_resident_memory_bytes')) / 2 ** 20;

const phases: Phase[] = [];
async function measure(...args: Parameters<typeof load>): Promise<Phase> {
  const phase = await load(...args);
  phases.push(phase);
  return phase;
}

const single = await startServer(1);
await load('warm-up', single, { connections: 4, duration: 2 });
const oneByOne = await measure('one by one, 32 at once', single, { connections: 32 });
single.process.kill('SIGTERM');

const server = await startServer(32);
await load('warm-up', server, { connections: 4, duration: 2 });
await measure('one at a time', server, { connections: 1 });
const full = await measure('micro-batched, 32 at once', server, { connections: 32 });
const capacity = full['answered/s'];
for (const times of [1, 2, 5]) {
  const rate = times * capacity;
  await measure(`${times} x capacity: ${rate} requests/s`, server, { connections: 64 * times, rate });
}
await new Promise((resolve) => setTimeout(resolve, 1000));
await measure('one at a time, a second later', server, { connections: 1 });
console.log(`${run}, k = ${K}, distinct queries, queue of ${QUEUE}, threads ${options.threads}`);
console.table(phases);
console.log(
  `micro-batching answers ${(capacity / oneByOne['answered/s']).toFixed(2)} times as many as one by one`,
);

const minutes = Number(options.minutes);
for (let minute = 0; minute < minutes; minute++) {
  const before = await residentMegabytes(server);
  const phase = await load('memory', server, { connections: 32, duration: 60 });
  const after = await residentMegabytes(server);
  console.log(
    `minute ${minute + 1}: ${before.toFixed(0)} to ${after.toFixed(0)} MB, ${phase['answered/s']} answers/s`,
  );
}
server.process.kill('SIGTERM');

const retriever = await Retriever.load(run, { threads: 1, methods: ['auto'] });
const every = options.checked === 'all' ? 1 : Math.max(1, Math.floor(answers.size / Number(options.checked)));
const sample = [...answers].filter((_, i) => i % every === 0);
let wrong = 0;
for (const [query, ids] of sample) {
  const { items } = await retriever.search(query, { k: K });
  if (items.some(({ id }, i) => id !== ids[i])) wrong++;
}
console.log(
  `${sample.length} of ${answers.size} answers compared with the library's for the query alone: ${wrong} differ`,
);
