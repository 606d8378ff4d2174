import { Client as McpClient } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { afterEach, describe, expect, it } from 'vitest';
import { createMcpServer } from './mcp.js';
import { tinySources } from './testing/sources.js';

const sources = tinySources();
const open: McpClient[] = [];
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});

async function connect(name: 'library' | 'client'): Promise<McpClient> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  await createMcpServer(sources[name], { catalog: 'our shop', version: '1.2.3' }).connect(far);
  const client = new McpClient({ name: 'test', version: '1' });
  await client.connect(near);
  open.push(client);
  return client;
}

/** What a tool answers; its text says the same as its data. */
async function call(client: McpClient, name: string, args: Record<string, unknown> = {}) {
  const { content, structuredContent, isError = false } = await client.callTool({ name, arguments: args });
  const [{ text }] = content as { text: string }[];
  if (structuredContent) expect(JSON.parse(text)).toEqual(structuredContent);
  return { isError, text, data: structuredContent as Record<string, unknown> };
}

describe.each(['library', 'client'] as const)('over the %s', (name) => {
  it('says what it is and which tools it has', async () => {
    const client = await connect(name);
    expect(client.getServerVersion()).toMatchObject({ name: 'r4t', version: '1.2.3' });
    expect(client.getInstructions()).toContain('our shop');
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name)).toEqual(['search_set', 'explain_set', 'list_filters']);
    for (const tool of tools) expect(tool).toMatchObject({ annotations: { readOnlyHint: true } });
    expect(tools[0].inputSchema).toMatchObject({ required: ['query'] });
  });

  it('finds the set that the library finds', async () => {
    const request = {
      query: 'camping',
      k: 3,
      filter: 'price<40',
      method: 'vote',
      exclude: ['red-tent'],
    } as const;
    const { data } = await call(await connect(name), 'search_set', request);
    const { query, ...options } = request;
    const expected = await sources.library.search(query, options);
    expect(data).toEqual({
      query,
      method: 'vote',
      passing: expected.passing,
      items: expected.items.map(({ id, title, category, score, metadata: fields }) => ({
        id,
        title,
        category,
        score: expect.closeTo(score, 5),
        fields,
      })),
    });
  });

  it('explains why each item of it is there', async () => {
    const { data } = await call(await connect(name), 'explain_set', {
      query: 'sitting',
      method: 'vote',
      k: 2,
    });
    const { items } = await sources.library.search('sitting', { method: 'vote', k: 2 });
    expect(data.items).toMatchObject(
      items.map(({ id, why, trainingQuery, trainingSets, rank }) => ({
        id,
        why,
        trainingQuery,
        trainingSets,
        rank,
      })),
    );
    expect(items[0].trainingQuery).toBe('sitting');
  });

  it('lists filters with examples that find something', async () => {
    const client = await connect(name);
    const { data } = await call(client, 'list_filters');
    expect(data.grammar).toContain('field IN (a, b)');
    const fields = data.fields as { name: string; examples: string[] }[];
    expect(fields.map((field) => field.name)).toEqual(['category', 'color', 'price']);
    expect(fields[2]).toMatchObject({
      kind: 'number',
      range: [0, 40],
      examples: ['price<=40', 'price 0..40'],
    });
    for (const filter of fields.flatMap(({ examples }) => examples)) {
      const { data: found } = await call(client, 'search_set', { query: 'things', filter });
      expect(found.passing, filter).toBeGreaterThan(0);
    }
  });

  it.each([
    [{ query: 'tents', filter: 'colour=red' }, 'did you mean color?'],
    [{ query: 'tents', filter: 'color=' }, 'expected a value'],
    [{ query: ' ' }, 'is empty'],
    [{ query: 'tents', k: 101 }, '100'],
    [{ query: 'tents', method: 'magic' }, 'auto'],
    [{}, 'query'],
  ])('answers %j with one clear line', async (request, says) => {
    const { isError, text, data } = await call(await connect(name), 'search_set', request);
    expect({ isError, data }).toEqual({ isError: true, data: undefined });
    expect(text).toContain(says);
    expect(text).not.toContain('\n');
    expect(text).not.toContain(' at ');
  });
});
