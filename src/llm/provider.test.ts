/** Provider packages against what their services answer, in the form of their own APIs. */
import { type ServerType, serve } from '@hono/node-server';
import { Hono } from 'hono';
import { afterEach, expect, it } from 'vitest';
import { InputError } from '../errors.js';
import { askJson } from './askJson.js';
import { chat } from './chat.js';
import { queriesSchema } from './queryPrompt.js';

let server: ServerType | undefined;
afterEach(() => {
  server?.close();
});

/** The address of a server that answers everything with `reply` and notes what it was sent. */
async function answering(reply: unknown) {
  const requests: { path: string; headers: Record<string, string>; body: Record<string, unknown> }[] = [];
  const app = new Hono().post('*', async (c) => {
    requests.push({ path: c.req.path, headers: c.req.header(), body: await c.req.json() });
    return c.json(reply as object);
  });
  const port = await new Promise<number>((resolve) => {
    server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, (info) => resolve(info.port));
  });
  return { baseUrl: `http://127.0.0.1:${port}/v1`, requests };
}

const text = '{"queries":["summer picnic"]}';
const messages = [
  { role: 'system', content: 'Write queries.' },
  { role: 'user', content: 'Items: ...' },
] as const;
const parse = (said: string) => queriesSchema.parse(JSON.parse(said)).queries;

it('asks Gemini by its own API', async () => {
  const { baseUrl, requests } = await answering({
    candidates: [{ content: { role: 'model', parts: [{ text }] }, finishReason: 'STOP' }],
    usageMetadata: { promptTokenCount: 12, candidatesTokenCount: 5, totalTokenCount: 17 },
  });
  const endpoint = { provider: '@ai-sdk/google', model: 'gemini-2.5-flash', apiKey: 'secret', baseUrl };
  const answer = await askJson(endpoint, { messages, schema: queriesSchema, parse, temperature: 0.5 });
  expect(answer).toEqual({
    value: ['summer picnic'],
    usage: { inputTokens: 12, outputTokens: 5 },
    model: 'gemini-2.5-flash',
  });
  expect(requests).toMatchObject([
    {
      path: '/v1/models/gemini-2.5-flash:generateContent',
      headers: { 'x-goog-api-key': 'secret' },
      body: {
        systemInstruction: { parts: [{ text: 'Write queries.' }] },
        generationConfig: { temperature: 0.5, responseMimeType: 'application/json' },
      },
    },
  ]);
});

it('asks Anthropic by its own API', async () => {
  const { baseUrl, requests } = await answering({
    type: 'message',
    id: 'm1',
    role: 'assistant',
    model: 'claude-haiku-4-5',
    content: [{ type: 'text', text }],
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: { input_tokens: 9, output_tokens: 4 },
  });
  const endpoint = { provider: '@ai-sdk/anthropic', model: 'claude-haiku-4-5', apiKey: 'secret', baseUrl };
  const answer = await askJson(endpoint, {
    messages,
    schema: queriesSchema,
    parse,
    temperature: 0.5,
    seed: 1,
  });
  expect(answer).toEqual({
    value: ['summer picnic'],
    usage: { inputTokens: 9, outputTokens: 4 },
    model: 'claude-haiku-4-5',
  });
  expect(requests).toMatchObject([
    { path: '/v1/messages', headers: { 'x-api-key': 'secret' }, body: { temperature: 0.5 } },
  ]);
});

it('says how to get a package that is missing, and refuses one that is no provider', async () => {
  const missing = chat({ provider: '@ai-sdk/nobody', model: 'm' }, { messages });
  await expect(missing).rejects.toThrow(
    'field "provider": needs the package @ai-sdk/nobody; npm install @ai-sdk/nobody',
  );
  await expect(missing).rejects.toThrow(InputError);
  await expect(chat({ provider: 'p-limit', model: 'm' }, { messages })).rejects.toThrow(
    '"p-limit" exports no provider; expected a package such as @ai-sdk/google',
  );
  await expect(chat({ model: 'm' }, { messages })).rejects.toThrow('names neither a baseUrl nor a provider');
});

it('says which environment variable a provider looks for its key in', async () => {
  const before = process.env.ANTHROPIC_API_KEY;
  delete process.env.ANTHROPIC_API_KEY;
  const asked = chat({ provider: '@ai-sdk/anthropic', model: 'm', maxRetries: 0 }, { messages });
  await expect(asked).rejects.toThrow('ANTHROPIC_API_KEY');
  if (before !== undefined) process.env.ANTHROPIC_API_KEY = before;
});
