/** The real program, spoken to by the official client. */
import { spawnSync } from 'node:child_process';
import { Client } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { beforeAll, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { PROGRAM } from './testing/program.js';
import { runCli, SHOP, writeShop } from './testing/shop.js';

const temp = tempFolder();
const run = temp.path('run');
beforeAll(async () => {
  const { catalog, config } = writeShop(temp);
  await runCli(['compile', catalog, '--config', config, '--out', run, '--stage', 'encode']);
});

it('serves agents over stdio', async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [...PROGRAM, 'mcp', run, '--catalog', 'a shop', '--threads', '1'],
    stderr: 'pipe',
  });
  let stderr = '';
  transport.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk;
  });
  const problems: Error[] = [];
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode: 'auto' } });
  // What is no message of the protocol on stdout would be told here.
  client.onerror = (error) => problems.push(error);
  await client.connect(transport);
  const { pid } = transport;
  const { tools } = await client.listTools();
  expect(tools).toHaveLength(3);
  const ask = (args: Record<string, unknown>) => client.callTool({ name: 'search_set', arguments: args });
  const { structuredContent } = await ask({ query: 'camping gear', k: 4, filter: 'category=camping' });
  const { items } = structuredContent as { items: { title: string; category: string }[] };
  expect(items).toHaveLength(4);
  for (const { title, category } of items)
    expect(SHOP.find((item) => item.title === title)).toMatchObject({ category });
  const { isError, content } = await ask({ query: 'camping gear', filter: 'pries<3' });
  expect(isError).toBe(true);
  expect((content as { text: string }[])[0].text).toContain('did you mean price?');
  await client.close();
  expect(problems).toEqual([]);
  expect(stderr).toBe(`r4t: ${run} is ready for agents (stop with Ctrl-C)\n`);
  // The client ends its input, waits and only then kills.
  expect(() => process.kill(pid!, 0)).toThrow('ESRCH');
});

it('says on stderr, not in the protocol, that there is no run', () => {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...PROGRAM, 'mcp', temp.path('none')], {
    input: '',
    encoding: 'utf8',
  });
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^r4t: .*none.*\n$/);
});
