/** Three services of one run, as processes of their own behind a balancer, with changes in a real PostgreSQL. */

import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { median } from '../averages.js';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { PROGRAM } from '../cli/testing/program.js';
import { runCli, TINY, writeShop } from '../cli/testing/shop.js';
import { Client } from '../client/client.js';
import { type FolderServer, serveFolder } from './testing/folderServer.js';
import { openPostgres, type Postgres, postgresPrograms } from './testing/postgres.js';

const programs = postgresPrograms();
if (!programs) console.log('no PostgreSQL here, so replicas are not tested: apt-get install postgresql');

const temp = tempFolder();
/** Searches under way at any time while runs are exchanged. */
const SEARCHERS = 4;
const PATIENCE = { timeout: 120_000, interval: 20 };

interface Replica {
  readonly url: string;
  readonly client: Client;
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  /** What it wrote, its access log without. */
  log(): string;
}

async function startReplica(number: number, run: string, { url, password }: Postgres): Promise<Replica> {
  const args = ['serve', run, '--port', '0', '--changes', `${url}?table=shop_changes`];
  const child = spawn(process.execPath, [...PROGRAM, ...args], {
    // Each as on a machine of its own.
    env: { ...process.env, PGPASSWORD: password, R4T_CACHE: temp.path(`cache-${number}`) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  let stdout = '';
  child.stderr.on('data', (data: Buffer) => {
    stderr += data;
  });
  child.stdout.on('data', (data: Buffer) => {
    stdout += data;
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const address = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', () => {
      const [, url] = /r4t: (http:\S+) /.exec(stderr) ?? [];
      if (url !== undefined) resolve(url);
    });
    child.once('exit', () => reject(new Error(`the replica ended: ${stderr}`)));
  });
  return {
    url: address,
    client: new Client({ url: address, maxRetries: 0, timeoutMs: PATIENCE.timeout }),
    child,
    ended,
    log: () =>
      stdout
        .split('\n')
        .filter((line) => !line.includes('"path"'))
        .join('\n'),
  };
}

/** Gives requests to one replica after the other; where `retries`, to the next one if a connection fails. */
async function balance(replicas: readonly Replica[]) {
  let turn = 0;
  const balancer = {
    url: '',
    retries: false,
    close: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
  const server = createServer((request, response) => {
    void (async () => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      const body = parts.length > 0 ? Buffer.concat(parts) : undefined;
      for (let tries = balancer.retries ? replicas.length : 1; tries > 0; tries--) {
        const { url } = replicas[turn++ % replicas.length];
        const answer = await fetch(`${url}${request.url}`, {
          method: request.method,
          headers: { 'content-type': request.headers['content-type'] ?? '' },
          body,
        }).catch(() => undefined);
        if (answer) {
          const text = await answer.text();
          return void response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
        }
      }
      response.writeHead(502).end();
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  balancer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return balancer;
}

describe.skipIf(!programs)('replicas', () => {
  const runs = { first: temp.path('first'), second: temp.path('second') };
  let database: Postgres;
  let store: FolderServer;
  let balancer: Awaited<ReturnType<typeof balance>>;
  let through: Client;
  const replicas: Replica[] = [];

  beforeAll(async () => {
    const { catalog, config } = writeShop(temp);
    const compile = (out: string, settings: string, ...more: string[]) =>
      runCli(['compile', catalog, '--config', settings, '--out', out, ...more]);
    expect(await compile(runs.first, config)).toMatchObject({ code: 0 });
    cpSync(runs.first, runs.second, { recursive: true });
    const changed = temp.write('second.json', JSON.stringify({ ...TINY, seed: 7 }));
    expect(await compile(runs.second, changed, '--force')).toMatchObject({ code: 0 });
    database = await openPostgres(programs ?? '');
    store = await serveFolder(runs.first);
    // All at once: they make the table together.
    replicas.push(...(await Promise.all([0, 1, 2].map((i) => startReplica(i, store.url, database)))));
    balancer = await balance(replicas);
    through = new Client({ url: balancer.url, maxRetries: 0, timeoutMs: PATIENCE.timeout });
  });
  afterAll(async () => {
    for (const { child, ended } of replicas) {
      child.kill('SIGTERM');
      await ended;
    }
    await balancer?.close();
    await store?.close();
    await database?.remove();
  });

  /** Until every replica shows the change of a number; milliseconds that took. */
  async function converged(sequence: number): Promise<number> {
    const began = performance.now();
    await Promise.all(
      replicas.map(async ({ url }) => {
        for (;;) {
          const metrics = await (await fetch(`${url}/metrics`)).text();
          if (Number(/^r4t_changes_visible (\d+)/m.exec(metrics)?.[1]) >= sequence) return;
          if (performance.now() - began > PATIENCE.timeout)
            throw new Error(`${url} does not see ${sequence}`);
          await sleep(2);
        }
      }),
    );
    return performance.now() - began;
  }

  /** Everything there is, with its scores, by every replica. */
  async function catalogs(): Promise<string[]> {
    return Promise.all(
      replicas.map(async ({ client }) => {
        const { results } = await client.search({ query: 'camping gear', method: 'plain', k: 100 });
        const found = results[0].items.map(({ id, title, score, metadata }) => ({
          id,
          title,
          score,
          metadata,
        }));
        return JSON.stringify(found.sort((a, b) => (a.id < b.id ? -1 : 1)));
      }),
    );
  }
  async function expectSame(): Promise<string> {
    const [first, ...others] = await catalogs();
    for (const other of others) expect(other).toBe(first);
    return first;
  }

  it('converge to the same answers, whichever was written to', async () => {
    const sent = await Promise.all(
      Array.from({ length: 60 }, (_, i) =>
        through.changeItems({
          // Who wrote last matters: each id is written ten times.
          upsert: [
            { id: `new-${i % 6}`, title: `silver tent ${i % 6} ${i % 5}`, category: 'camping', price: i },
          ],
          ...(i % 10 === 9 && { delete: [`item-${i}`] }),
        }),
      ),
    );
    const last = Math.max(...sent.map(({ sequence }) => sequence));
    await converged(last);
    const same = await expectSame();
    for (let i = 0; i < 6; i++) expect(same).toContain(`"new-${i}"`);
    expect(same).not.toContain('"item-59"');
    const { changes } = await replicas[2].client.info();
    expect(changes).toEqual({ accepted: last, visible: last, pending: 0, failed: 0 });

    const delays: number[] = [];
    for (let i = 0; i < 30; i++) {
      const { sequence } = await through.changeItems({
        upsert: [{ id: 'new-0', title: 'silver tent', price: i }],
      });
      delays.push(await converged(sequence));
    }
    console.log(
      `a change is visible in 3 of 3 replicas ${median(delays).toFixed(0)} ms after it was acknowledged (median of ${delays.length}; ` +
        `longest ${Math.max(...delays).toFixed(0)} ms)`,
    );
  });

  it('take rows that another program inserts', async () => {
    const [{ sequence }] = await database.query(
      `INSERT INTO shop_changes (change) VALUES ('{"upsert": {"id": "foreign", "title": "canvas hammock", "price": 5}}')
       RETURNING sequence`,
    );
    await converged(Number(sequence));
    expect(await expectSame()).toContain('canvas hammock');
  });

  it('lose nothing that was acknowledged when one is killed, and it catches up', async () => {
    balancer.retries = true;
    const acknowledged: string[] = [];
    let last = 0;
    let over = false;
    const writing = (async () => {
      for (let i = 0; !over; i++) {
        const { sequence } = await through.changeItems({
          upsert: [{ id: `kept-${i % 9}`, title: `oak bench ${i}` }],
        });
        acknowledged[i % 9] = `oak bench ${i}`;
        last = sequence;
      }
    })();
    await sleep(300);
    let seconds = 0;
    try {
      replicas[1].child.kill('SIGKILL');
      await replicas[1].ended;
      await sleep(300);
      const began = performance.now();
      replicas[1] = await startReplica(1, store.url, database);
      seconds = (performance.now() - began) / 1000;
    } finally {
      over = true;
    }
    await writing;
    balancer.retries = false;
    await converged(last);
    const same = await expectSame();
    for (const title of acknowledged) expect(same).toContain(`"${title}"`);
    console.log(
      `killed and started again from its copy of the run in ${seconds.toFixed(1)} s, ${last} changes in the table`,
    );
  });

  it('search on while the database is down, refuse changes, and catch up', async () => {
    const before = await expectSame();
    await database.crash();
    for (const { client } of replicas) {
      const refused = await client.changeItems({ delete: ['foreign'] }).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        status: 503,
        message: 'the database that keeps changes does not answer, or refuses; send them again',
      });
    }
    expect(await expectSame()).toBe(before);
    for (const { url } of replicas) {
      expect((await fetch(`${url}/readyz`)).status).toBe(200);
      await expect
        .poll(async () => (await fetch(`${url}/metrics`)).text(), PATIENCE)
        .toMatch(/^r4t_changes_open 0$/m);
    }
    await database.start();
    expect(await expectSame()).toBe(before);
    const began = performance.now();
    const { sequence } = await through.changeItems({ delete: ['foreign'] });
    await converged(sequence);
    console.log(
      `the database is back: all replicas have a change ${((performance.now() - began) / 1000).toFixed(1)} s after it was sent`,
    );
    expect(await expectSame()).not.toContain('canvas hammock');
    for (const replica of replicas)
      expect(
        replica.log().match(/changes of items cannot be read; searches go on without them/g),
      ).toHaveLength(1);
  });

  it('give way to another run one by one, and drop no request', async () => {
    const QUERIES = ['camping gear', 'red things', 'for the kitchen', 'garden', 'shoes for winter', 'blue'];
    const ask = (client: Client, i: number) =>
      client.search({
        query: QUERIES[i % QUERIES.length],
        method: i % 2 ? 'plain' : 'diffusion',
        k: 6,
        // What is written meanwhile.
        filter: 'NOT category=busy',
      });
    const shown = ({ results }: Awaited<ReturnType<typeof ask>>) =>
      JSON.stringify(results[0].items.map(({ id, score, metadata }) => [id, score, metadata]));
    const expected = async (client: Client) => {
      const answers: string[] = [];
      for (let i = 0; i < 2 * QUERIES.length; i++) answers.push(shown(await ask(client, i)));
      return answers;
    };
    const byRun = new Map<string, string[]>();
    const fingerprint = async ({ client }: Replica) => (await client.info()).run.fingerprint;
    const first = await fingerprint(replicas[0]);
    byRun.set(first, await expected(replicas[0].client));

    const given: { readonly number: number; readonly run: string; readonly text: string }[] = [];
    const failures: unknown[] = [];
    let over = false;
    let last = 0;
    const searching = Array.from({ length: SEARCHERS }, async (_, worker) => {
      for (let i = worker; !over; i += SEARCHERS) {
        const number = i % (2 * QUERIES.length);
        await ask(through, number).then(
          (answer) => given.push({ number, run: answer.run.fingerprint, text: shown(answer) }),
          (error: unknown) => failures.push(error),
        );
      }
    });
    let writes = 0;
    const writing = (async () => {
      while (!over) {
        const upsert = [{ id: `busy-${writes % 5}`, title: `busy ${writes}`, category: 'busy' }];
        await through.changeItems({ upsert }).then(
          ({ sequence }) => {
            last = sequence;
            writes++;
          },
          (error: unknown) => failures.push(error),
        );
        await sleep(20);
      }
    })();
    const took: number[] = [];
    try {
      await sleep(1000);
      store.folder = runs.second;
      // Those that are not told yet notice by themselves: some load at the same time.
      for (const replica of replicas) {
        const began = performance.now();
        await replica.client.reload();
        took.push((performance.now() - began) / 1000);
      }
      await sleep(1000);
    } finally {
      over = true;
    }
    await Promise.all([...searching, writing]);

    const second = await fingerprint(replicas[0]);
    expect(second).not.toBe(first);
    for (const replica of replicas) expect(await fingerprint(replica)).toBe(second);
    byRun.set(second, await expected(replicas[0].client));
    const wrong = given.filter(({ number, run, text }) => byRun.get(run)?.[number] !== text);
    const of = (run: string) => given.filter((one) => one.run === run).length;
    console.log(
      `reloads in turn under load: ${took.map((s) => s.toFixed(1)).join(', ')} s; ${given.length} answers (${of(first)} of the old run, ` +
        `${of(second)} of the new one), ${writes} changes; failed ${failures.length}, wrong ${wrong.length}`,
    );
    expect(failures).toEqual([]);
    expect(wrong).toEqual([]);
    expect(Math.min(of(first), of(second))).toBeGreaterThan(0);
    await converged(last);
    await expectSame();
  });
});
