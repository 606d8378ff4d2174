/** Item updates while the server is killed: nothing that was acknowledged is lost, and the answers are those of a server that lived on. */
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CounterRandom } from '../../src/random.js';
import type { KillOptions, KillReport } from './kills.js';
import { type Fault, start } from './world.js';

export interface Batch {
  readonly upsert?: readonly { readonly id: string; readonly title: string; readonly price: number }[];
  readonly delete?: readonly string[];
}

/** Changes of few items, so many that the journal is rewritten. */
export function batchesOf(seed: number, count: number): Batch[] {
  const random = new CounterRandom(seed, 'items');
  return Array.from({ length: count }, (_, i) => {
    if (i % 5 === 4) return { delete: [`new-${random.integer(30)}`, `item-${random.integer(40)}`] };
    const size = i % 2 === 0 ? 1000 : 3;
    const upsert = Array.from({ length: size }, () => {
      const n = random.integer(30);
      // No two items of the same text: which one stands for both depends on who came first since the start.
      return {
        id: `new-${n}`,
        title: `purple boat ${i} ${'abcdefghij'[n % 10].repeat(1 + n)}`,
        price: random.integer(100),
      };
    });
    return { upsert };
  });
}

export interface Served {
  readonly url: string;
  readonly child: ReturnType<typeof start>['child'];
  readonly ended: ReturnType<typeof start>['ended'];
}

/** Starts `r4t serve`; undefined where it died before it listened. */
export async function serve(
  main: string,
  cwd: string,
  fault?: Fault,
  more: readonly string[] = [],
): Promise<Served | undefined> {
  const { child, ended } = start(['serve', 'run', '--port', '0', ...more], { main, cwd, fault });
  const url = new Promise<string>((resolve) => {
    let said = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      said += chunk;
      const found = /r4t: (http\S+)/.exec(said);
      if (found) resolve(found[1]);
    });
  });
  const first = await Promise.race([url, ended]);
  return typeof first === 'string' ? { url: first, child, ended } : undefined;
}

/** Sends a batch; undefined where no answer came. */
export async function send(url: string, batch: Batch): Promise<number | undefined> {
  const response = await fetch(`${url}/v1/items`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(batch),
  }).catch(() => undefined);
  if (!response) return undefined;
  const body = await response.text().catch(() => undefined);
  if (body === undefined) return undefined;
  if (response.status !== 202) throw new Error(`items were answered with ${response.status}: ${body}`);
  return (JSON.parse(body) as { sequence: number }).sequence;
}

/**
 * What the catalog is now, by answers: all items of several queries with their scores and fields. By id, as items of equal scores come in
 * the order in which a server got to know them, which a start anew changes.
 */
export async function answersOf({ url }: Served): Promise<string> {
  for (;;) {
    const info = (await (await fetch(`${url}/v1/info`)).json()) as { changes: { pending: number } };
    if (info.changes.pending === 0) break;
    await sleep(20);
  }
  const queries = ['purple boat', 'red boot', 'lamp for old days'];
  const response = await fetch(`${url}/v1/search`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ queries, k: 100, methods: ['plain', 'bm25', 'mmr'] }),
  });
  if (response.status !== 200)
    throw new Error(`a search was answered with ${response.status}: ${await response.text()}`);
  const { results } = (await response.json()) as { results: { items: { id: string; rank: number }[] }[] };
  const known = results.map(({ items, ...result }) => ({
    ...result,
    items: items.map(({ rank: _, ...item }) => item).sort((a, b) => (a.id < b.id ? -1 : 1)),
  }));
  return JSON.stringify(known);
}

export async function killItems({ main, folder, seed, kills }: KillOptions): Promise<KillReport> {
  const random = new CounterRandom(seed, 'kill items');
  const reference = join(folder, 'reference');
  const batches = batchesOf(seed, Math.max(20, 2 * kills));
  const undisturbed = await finalAnswers(main, reference, join(folder, 'items-whole'), batches);
  const cwd = join(folder, 'items');
  rmSync(cwd, { recursive: true, force: true });
  cpSync(reference, cwd, { recursive: true });
  const wrong: string[] = [];
  const during = { starting: 0, 'taking changes': 0 };
  let next = 0;
  let acknowledged = 0;
  let done = 0;
  while (next < batches.length) {
    const kind = (['before', 'torn', 'after'] as const)[random.integer(3)];
    const fault = done < kills ? { kind, at: 1 + random.integer(30), folder: 'run/serve' } : undefined;
    const server = await serve(main, cwd, fault);
    if (!server) {
      done++;
      during.starting++;
      continue;
    }
    const { accepted } = (
      (await (await fetch(`${server.url}/v1/info`)).json()) as { changes: { accepted: number } }
    ).changes;
    if (accepted < acknowledged)
      wrong.push(`${acknowledged} changes were acknowledged, ${accepted} are there`);
    while (next < batches.length) {
      const sequence = await send(server.url, batches[next]);
      if (sequence === undefined) break;
      acknowledged = sequence;
      next++;
    }
    if (next < batches.length) {
      const { code } = await server.ended;
      if (code !== 'SIGKILL') wrong.push(`the server ended with ${code}`);
      done++;
      during['taking changes']++;
    } else {
      server.child.kill('SIGTERM');
      await server.ended;
    }
  }
  const server = (await serve(main, cwd))!;
  if ((await answersOf(server)) !== undisturbed)
    wrong.push('the answers differ from those of a server that lived on');
  server.child.kill('SIGTERM');
  const { code } = await server.ended;
  if (code !== 0) wrong.push(`the server ended with ${code}`);
  return { what: 'item updates', kills: done, during, finished: batches.length, wrong };
}

async function finalAnswers(
  main: string,
  reference: string,
  cwd: string,
  batches: readonly Batch[],
): Promise<string> {
  rmSync(cwd, { recursive: true, force: true });
  cpSync(reference, cwd, { recursive: true });
  const server = (await serve(main, cwd))!;
  for (const batch of batches)
    if ((await send(server.url, batch)) === undefined) throw new Error('the server died');
  const answers = await answersOf(server);
  server.child.kill('SIGTERM');
  await server.ended;
  return answers;
}
