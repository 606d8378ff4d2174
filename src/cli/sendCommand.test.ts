import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { parseKeys } from '../serve/http/auth.js';
import { compileTiny, ITEMS, serveTiny, type TinyService } from '../serve/testing/tinyRun.js';
import { runCli } from './testing/shop.js';

const temp = tempFolder();
const closing: (() => unknown)[] = [];
let run: string;
let service: TinyService;
let url: string;

async function listen(app: TinyService): Promise<string> {
  const server = createAdaptorServer({ fetch: app.fetch });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () => server.close(),
    () => app.host.close(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  run = await compileTiny(temp);
  service = await serveTiny(run);
  url = await listen(service);
});
afterAll(async () => {
  for (const close of closing) await close();
});

const more = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, i) => ({
    id: `more-${from + i}`,
    title: `grey stool ${from + i}`,
    price: i,
  }));

it('sends a catalog in parts, tells how far it is, and waits until searches see it', async () => {
  const catalog = temp.write('more.jsonl', [...more(0, 700), { title: 'no id' }, ...more(700, 1200)]);
  const { code, stdout, stderr } = await runCli(['send', catalog, '--to', url]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${url}: searches see 1,200 items\n` });
  expect(stderr).toMatch(/^send +1,200 in .*\n/m);
  expect(stderr).toContain('more.jsonl: 1,201 rows, 1 skipped, 1,200 items');
  expect(stderr).toContain('more.jsonl:701: field "id": is missing');
  expect(service.host.state?.items).toBe(ITEMS.length + 1200);
  expect(service.host.changes.pending).toBe(0);

  // Once more is as good as once.
  expect(await runCli(['send', catalog, '--to', url])).toMatchObject({ code: 0 });
  expect(service.host.state?.items).toBe(ITEMS.length + 1200);
});

it('says in a line what is wrong', async () => {
  const catalog = temp.write('few.jsonl', more(0, 2));
  const send = (...args: string[]) => runCli(['send', ...args]);
  expect(await send(catalog, '--to', '127.0.0.1')).toMatchObject({
    code: 2,
    stderr: 'r4t: field "--to": is "127.0.0.1"; write it like http://127.0.0.1:7480\n',
  });
  expect(await send(temp.path('none.jsonl'), '--to', url)).toMatchObject({
    code: 2,
    stderr: `r4t: ${temp.path('none.jsonl')}: does not exist; check the path\n`,
  });
  const other = temp.write('other.csv', 'code,headline\n1,a\n');
  const refused = await send(other, '--to', url);
  expect(refused.code).toBe(2);
  expect(refused.stderr).toContain('the service refuses: ');
  expect(refused.stderr).toContain('upsert[0].id is missing; give every item an id');

  const locked = await listen(await serveTiny(run, { keys: parseKeys('full:a-full-key-0123456789', {}) }));
  const keyless = await send(catalog, '--to', locked);
  expect(keyless).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('set R4T_API_KEY to a full key'),
  });
});
