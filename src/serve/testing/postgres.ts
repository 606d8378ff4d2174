/** A real PostgreSQL for tests, in a folder of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

export interface Postgres {
  /** `postgres://r4t@127.0.0.1:<port>/postgres`, without the password. */
  readonly url: string;
  readonly password: string;
  start(): Promise<void>;
  /** As if the machine went off: what was not committed is gone. */
  crash(): Promise<void>;
  query(sql: string): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** Stops it and deletes its folder. */
  remove(): Promise<void>;
}

/** Where Debian keeps `initdb` and `postgres`, or whoever put them into the path. */
export function postgresPrograms(): string | undefined {
  const root = '/usr/lib/postgresql';
  const versions = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...versions.map((version) => join(root, version, 'bin')),
    ...(process.env.PATH ?? '').split(':'),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

/** PostgreSQL does not run as root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {};

/** Makes a database cluster and starts it. */
export async function openPostgres(programs: string): Promise<Postgres> {
  const folder = mkdtempSync(join(tmpdir(), 'r4t-postgres-'));
  const password = 'not shown';
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password);
  if (NOBODY.uid !== undefined) {
    chownSync(folder, NOBODY.uid, NOBODY.gid);
    chownSync(passwordFile, NOBODY.uid, NOBODY.gid);
  }
  const data = join(folder, 'data');
  const settings = { ...NOBODY, cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C' } };
  execFileSync(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'r4t', '--auth=scram-sha-256', `--pwfile=${passwordFile}`, '-E', 'UTF8'],
    { ...settings, stdio: 'ignore' },
  );
  const port = await freePort();
  const url = `postgres://r4t@127.0.0.1:${port}/postgres`;
  let child: ChildProcess | undefined;

  async function query(sql: string) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'r4t', database: 'postgres', password });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.query(sql)).rows as Record<string, unknown>[];
    } finally {
      await client.end().catch(() => {});
    }
  }
  async function end(signal: NodeJS.Signals): Promise<void> {
    const running = child;
    child = undefined;
    if (!running) return;
    const ended = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    await ended;
  }
  async function start(): Promise<void> {
    const options = ['-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=127.0.0.1'];
    child = spawn(join(programs, 'postgres'), options, { ...settings, stdio: 'ignore' });
    for (let tries = 0; ; tries++) {
      const failure = await query('SELECT 1').then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure === undefined) return;
      if (tries === 300) throw failure;
      await sleep(100);
    }
  }
  // Where a test ends early, it must not live on.
  process.once('exit', () => child?.kill('SIGQUIT'));
  await start();
  return {
    url,
    password,
    start,
    // Its own word for it: no time to write anything down.
    crash: () => end('SIGQUIT'),
    query,
    async remove() {
      await end('SIGINT');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
