/** The real service: sockets, the search thread, signals and processes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { PROGRAM } from '../../cli/testing/program.js';
import { runCli, TINY, writeShop } from '../../cli/testing/shop.js';
import { Client } from '../../client/client.js';

const SLOW = 120_000;

const temp = tempFolder();
const run = temp.path('run');
const other = temp.path('other');

beforeAll(async () => {
  const { catalog, config } = writeShop(temp);
  const compile = (out: string, settings: string, ...more: string[]) =>
    runCli(['compile', catalog, '--config', settings, '--out', out, ...more]);
  expect(await compile(run, config)).toMatchObject({ code: 0 });
  cpSync(run, other, { recursive: true });
  const changed = temp.write('other.json', JSON.stringify({ ...TINY, seed: 7 }));
  expect(await compile(other, changed, '--force')).toMatchObject({ code: 0 });
}, SLOW);

interface Serving {
  readonly client: Client;
  readonly url: string;
  stop(): void;
  readonly ended: Promise<{ code: number; stdout: string; stderr: string }>;
}

/** `r4t serve` in this process. */
async function serve(folder: string, ...args: string[]): Promise<Serving> {
  const stopping = new AbortController();
  let stderr = '';
  let stdout = '';
  const { run: runLine } = await import('../../cli/run.js');
  const ended = runLine(['serve', folder, '--port', '0', ...args], {
    stdout: {
      write(text) {
        stdout += text;
      },
    },
    stderr: {
      write(text) {
        stderr += text;
      },
    },
    signal: stopping.signal,
    env: {},
  }).then((code) => ({ code, stdout, stderr }));
  await expect.poll(() => stderr, { timeout: SLOW }).toMatch(/http:/);
  const url = /http:\S+/.exec(stderr)![0];
  return { url, client: new Client({ url, maxRetries: 0 }), stop: () => stopping.abort(), ended };
}

it(
  'answers what has arrived before it ends',
  async () => {
    const { client, url, stop, ended } = await serve(run);
    const answers = Array.from({ length: 40 }, (_, i) =>
      client.search({ query: `gear ${i}`, method: 'diffusion', k: 5 }),
    );
    // They have arrived when the first is answered.
    await Promise.race(answers);
    stop();
    for (const { results } of await Promise.all(answers)) expect(results[0].items).toHaveLength(5);
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.filter(({ path }) => path === '/v1/search')).toHaveLength(40);
    expect(stdout).not.toContain('gear 1');
    expect(lines.at(-1)).toMatchObject({ msg: 'stopped' });
    await expect(fetch(url)).rejects.toThrow();
  },
  SLOW,
);

it(
  'loads another run without dropping a request',
  async () => {
    const link = temp.path('current');
    symlinkSync(run, link);
    const { client, stop, ended } = await serve(link);
    const before = (await client.info()).run;
    await client.changeItems({ upsert: [{ id: 'mine', title: 'qqq zzz' }] });
    unlinkSync(link);
    symlinkSync(other, link);
    let asking = true;
    const seen = new Set<string>();
    let answered = 0;
    const ask = async () => {
      while (asking) {
        const { results, run: answering } = await client.search({
          query: `gear ${answered++}`,
          method: 'diffusion',
          k: 3,
        });
        expect(results[0].items).toHaveLength(3);
        seen.add(answering.fingerprint);
      }
    };
    const asked = Promise.all([ask(), ask(), ask()]);
    const { run: after, changed } = await client.reload();
    const first = answered;
    await expect.poll(() => answered, { timeout: SLOW }).toBeGreaterThan(first + 6);
    asking = false;
    await asked;
    expect(changed).toBe(true);
    expect(after.id).not.toBe(before.id);
    expect([...seen]).toContain(after.fingerprint);
    // A change that the new run cannot know comes along.
    const found = await client.search({ query: 'qqq zzz', method: 'plain', k: 1 });
    expect(found.results[0].items[0].id).toBe('mine');
    // A folder that holds no run changes nothing.
    unlinkSync(link);
    await expect(client.reload()).rejects.toMatchObject({ code: 'conflict' });
    expect((await client.info()).run).toEqual(after);
    stop();
    expect(await ended).toMatchObject({ code: 0 });
  },
  SLOW,
);

describe('kill -9', () => {
  function start(folder: string): { child: ChildProcess; url: Promise<string> } {
    const args = [...PROGRAM, 'serve', folder, '--port', '0'];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    const url = new Promise<string>((resolve, reject) => {
      child.stderr.on('data', (chunk: Buffer) => {
        text += chunk;
        const found = /http:\S+/.exec(text);
        if (found) resolve(found[0]);
      });
      child.on('close', () => reject(new Error(text)));
    });
    return { child, url };
  }

  it(
    'loses no change that was acknowledged',
    async () => {
      const first = start(run);
      const client = new Client({ url: await first.url, maxRetries: 0 });
      const acknowledged: string[] = [];
      const send = async (lane: number) => {
        for (let i = 0; ; i++) {
          const ids = [`${lane}-${i}-a`, `${lane}-${i}-b`];
          await client.changeItems({ upsert: ids.map((id) => ({ id, title: `thing ${id}` })) });
          acknowledged.push(...ids);
          if (acknowledged.length > 200) first.child.kill('SIGKILL');
        }
      };
      await Promise.allSettled([send(1), send(2), send(3)]);
      expect(acknowledged.length).toBeGreaterThan(200);

      const { client: again, stop, ended } = await serve(run);
      const { ids } = await again.map();
      expect(ids).toEqual(expect.arrayContaining(acknowledged));
      expect((await again.info()).changes.pending).toBe(0);
      stop();
      await ended;
      rmSync(join(run, 'serve'), { recursive: true });
    },
    SLOW,
  );
});

it('refuses to serve others without keys, and what is no run', async () => {
  const refusal = async (...args: string[]) => {
    const { code, stderr } = await runCli(['serve', ...args]);
    expect(code).toBe(2);
    return stderr;
  };
  expect(await refusal(run, '--host', '0.0.0.0', '--port', '0')).toBe(
    'r4t: field "host": others reach 0.0.0.0, so it needs API keys: give --api-key-file, or set R4T_API_KEYS\n',
  );
  const none = temp.path('none');
  expect(await refusal(none, '--port', '0')).toBe(`r4t: ${none}: holds no run; compile one first\n`);
  const keys = temp.write('keys.txt', 'secret');
  expect(await refusal(run, '--api-key-file', keys)).toContain(`${keys}:1: holds a key without a role`);
});
