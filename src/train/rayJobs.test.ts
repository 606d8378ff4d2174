/** Ray's Jobs API as a stub: what is asked of it, and what becomes of its answers. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RayJobs, rayAddress } from './rayJobs.js';

describe('rayAddress', () => {
  it.each([
    ['ray://head', 'http://head:8265'],
    ['ray://head:9000', 'http://head:9000'],
    ['http://head:8265/', 'http://head:8265'],
    ['https://ray.example.com/cluster', 'https://ray.example.com/cluster'],
  ])('%s is %s', (address, url) => {
    expect(rayAddress(address)).toBe(url);
  });

  it.each([
    ['head:8265', 'write it like ray://head:8265'],
    ['ray://head:10001', 'names port 10001, that of Ray Client'],
    ['ftp://head', 'write it like'],
  ])('%s is none', (address, problem) => {
    expect(() => rayAddress(address)).toThrow(problem);
  });
});

let close: (() => void) | undefined;
afterEach(() => close?.());

interface Asked {
  readonly what: string;
  readonly body: string;
  readonly headers: NodeJS.Dict<string | string[]>;
}

async function stub(answer: (what: string) => { status?: number; body?: string }) {
  const asked: Asked[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const what = `${request.method} ${request.url}`;
    asked.push({ what, body, headers: request.headers });
    const { status = 200, body: said = '{}' } = answer(what);
    response.writeHead(status).end(said);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  close = () => server.close();
  return { asked, ray: new RayJobs(`http://127.0.0.1:${(server.address() as AddressInfo).port}`) };
}

describe('RayJobs', () => {
  it('submits a package and a job as no browser does', async () => {
    const { asked, ray } = await stub((what) => ({ status: what.startsWith('GET') ? 404 : 200 }));
    await ray.upload('p.zip', Buffer.from('zip'));
    await ray.submit({ id: 'j', entrypoint: 'python x.py', package: 'p.zip', env: { A: 'b' }, gpus: 2 });
    expect(asked.map(({ what }) => what)).toEqual([
      'GET /api/packages/gcs/p.zip',
      'PUT /api/packages/gcs/p.zip',
      'POST /api/jobs/',
    ]);
    expect(asked[1].body).toBe('zip');
    expect(JSON.parse(asked[2].body)).toEqual({
      submission_id: 'j',
      entrypoint: 'python x.py',
      entrypoint_num_gpus: 2,
      runtime_env: { working_dir: 'gcs://p.zip', env_vars: { A: 'b' } },
      metadata: { by: 'r4t train' },
    });
    for (const { headers } of asked)
      expect(Object.keys(headers).filter((name) => /^sec-|origin|referer/.test(name))).toEqual([]);
  });

  it('uploads nothing that is there, and knows what there is not', async () => {
    const { asked, ray } = await stub((what) => ({ status: what.includes('jobs') ? 404 : 200 }));
    await ray.upload('p.zip', Buffer.from('zip'));
    expect(asked).toHaveLength(1);
    expect(await ray.find('j')).toBeUndefined();
  });

  it('tells the last line of what Ray says is wrong', async () => {
    const { ray } = await stub(() => ({ status: 500, body: 'Traceback:\n  x\nValueError: no such agent\n' }));
    await expect(ray.stop('j')).rejects.toMatchObject({
      name: 'RayError',
      status: 500,
      message: expect.stringMatching(/\/api\/jobs\/j\/stop answered 500: ValueError: no such agent$/),
    });
  });

  it('says where nobody answers', async () => {
    await expect(new RayJobs('http://127.0.0.1:1').find('j')).rejects.toThrow(
      'Ray at http://127.0.0.1:1 cannot be reached; is its dashboard running there?',
    );
  });
});
