import { expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { runCli } from '../cli/testing/shop.js';
import { createDashboard } from './dashboard.js';
import { listen } from './listen.js';
import { sketchRun } from './testing/run.js';

const temp = tempFolder();

it('streams what the runs hold', async () => {
  const { run, step } = await sketchRun(temp, 'streamed');
  await step('policy', 0, { loss: 2 });
  const app = await createDashboard({ runs: [run.folder], interval: 5 });
  const { body, headers } = await app.request('/api/events');
  expect(headers.get('content-type')).toContain('text/event-stream');
  const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  while (!text.includes('event: ready')) text += (await reader.read()).value;
  await reader.cancel();
  expect(text.match(/^event: \w+/gm)).toEqual(['event: status', 'event: metrics', 'event: ready']);
  expect(text).toContain('"lines":[{"step":0,"loss":2,"seconds":1}]');
});

it('serves its pages and nothing else', async () => {
  const { run } = await sketchRun(temp, 'served');
  const pages = temp.path();
  temp.write('dashboard.html', '<!doctype html><title>runs</title>');
  temp.write('secret.txt', 'not a page');
  const app = await createDashboard({ runs: [run.folder], pages });
  const page = await app.request('/');
  expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  expect(page.headers.get('content-security-policy')).toContain("default-src 'self'");
  for (const path of ['/secret.txt', '/none.js', '/%2e%2e/%2e%2e/package.json', '/..%2f..%2fpackage.json'])
    expect((await app.request(path)).status).toBe(404);
});

it('refuses a folder without a run', async () => {
  await expect(createDashboard({ runs: [temp.path('nothing')] })).rejects.toThrow('holds no run');
});

it('is a command that runs until it is stopped', async () => {
  const { run } = await sketchRun(temp, 'commanded');
  const controller = new AbortController();
  const ended = runCli(['ui', run.folder, '--port', '0'], controller.signal);
  setTimeout(() => controller.abort(), 50);
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(stdout).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/ shows the run/);
});

it('a taken port is said so', async () => {
  const app = await createDashboard({ runs: [] });
  await using first = await listen(app, 0);
  const { port } = new URL(first.url);
  await expect(listen(app, Number(port))).rejects.toThrow(`field "port": ${port} is taken`);
});
