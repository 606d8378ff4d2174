import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { InputError } from '../errors.js';
import { type ChatOptions, chat } from './chat.js';
import { ChatError } from './chatError.js';
import type { ChatEndpoint } from './endpoint.js';
import {
  type StubChat,
  type StubReply,
  type StubRequest,
  stubChat,
  withoutPauses,
} from './testing/stubChat.js';

const KEY = 'sk-very-secret';
const HOUR = 3_600_000;
const schema = { type: 'object', properties: {}, additionalProperties: false };
let stub: StubChat | undefined;
afterEach(() => stub?.close());
beforeAll(() => {
  withoutPauses();
  return () => vi.restoreAllMocks();
});

const messages = [{ role: 'user', content: 'hi' }] as const;

/** Asks a stub that gives these replies in turn, the last one again and again. */
async function ask(
  replies: readonly StubReply[] | ((request: StubRequest, index: number) => StubReply),
  options: Partial<ChatOptions> = {},
  endpoint: Partial<ChatEndpoint> = {},
) {
  await stub?.close();
  const reply =
    typeof replies === 'function' ? replies : (_: StubRequest, i: number) => replies[i] ?? replies.at(-1)!;
  stub = await stubChat(reply);
  return chat({ baseUrl: stub.baseUrl, model: 'm', apiKey: KEY, ...endpoint }, { messages, ...options });
}

const failure = (promise: Promise<unknown>): Promise<ChatError> =>
  promise.then(
    () => expect.fail('expected an error'),
    (error) => error,
  );

describe('chat', () => {
  it('sends what was asked for and returns text and usage', async () => {
    const answer = await ask(['hello'], { temperature: 0, maxTokens: 50, seed: 7, json: schema });
    expect(answer).toEqual({ text: 'hello', usage: { inputTokens: 11, outputTokens: 7 }, model: 'm' });
    expect(stub?.requests).toHaveLength(1);
    const [{ path, headers, body }] = stub!.requests;
    expect(path).toBe('/v1/chat/completions');
    expect(headers.authorization).toBe(`Bearer ${KEY}`);
    expect(body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'hi' }],
      temperature: 0,
      max_tokens: 50,
      seed: 7,
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'response', strict: true, schema },
      },
    });
  });

  it('sends no more than was asked for', async () => {
    await ask(['hello'], {}, { apiKey: undefined });
    const [{ headers, body }] = stub!.requests;
    expect(headers.authorization).toBeUndefined();
    expect(Object.keys(body)).toEqual(['model', 'messages']);
  });

  it('passes on what is no JSON, for whoever asked to say what is wrong', async () => {
    expect(await ask(['Sure! {"a": 1}'], { json: schema })).toMatchObject({
      text: 'Sure! {"a": 1}',
      usage: { inputTokens: 11, outputTokens: 7 },
      model: 'm',
    });
  });

  it.each([408, 409, 429, 500, 502, 503, 529])('tries again after %i', async (status) => {
    expect((await ask([{ status }, { status }, 'hello'])).text).toBe('hello');
    expect(stub?.requests).toHaveLength(3);
  });

  it('tries again after a connection that was cut', async () => {
    expect((await ask(['cut', 'hello'])).text).toBe('hello');
  });

  it('gives up after maxRetries, with status and URL', async () => {
    const error = await failure(
      ask([{ status: 503, body: '{"error":"over\\nloaded"}' }], {}, { maxRetries: 2 }),
    );
    expect(stub?.requests).toHaveLength(3);
    expect(error).toBeInstanceOf(ChatError);
    expect(error).toMatchObject({ status: 503, url: `${stub?.baseUrl}/chat/completions` });
    expect(error.message).toBe(`${error.url} answered 503: over loaded`);
  });

  it.each([400, 401, 403, 404])('does not repeat a request refused with %i', async (status) => {
    expect(await failure(ask([{ status }]))).toMatchObject({ status });
    expect(stub?.requests).toHaveLength(1);
  });

  it('leaves out what a model does not take, and remembers it', async () => {
    const picky = ({ body }: StubRequest): StubReply => {
      const refused = ['response_format', 'temperature', 'max_tokens', 'seed'].find((name) => name in body);
      if (refused === undefined) return 'hello';
      return { status: 400, body: JSON.stringify({ error: { message: `Unsupported: '${refused}'` } }) };
    };
    stub = await stubChat(picky);
    const endpoint = { baseUrl: stub.baseUrl, model: 'm' };
    const options = { messages, temperature: 0, maxTokens: 50, seed: 1, json: schema };
    expect((await chat(endpoint, options)).text).toBe('hello');
    expect(stub.requests).toHaveLength(5);
    expect(Object.keys(stub.requests[4].body)).toEqual(['model', 'messages']);
    await chat(endpoint, options);
    expect(stub.requests).toHaveLength(6);
  });

  it('refuses an answer of another form', async () => {
    const error = await failure(ask([{ status: 200, body: '<html>welcome</html>' }]));
    expect(error.message).toMatch(/did not answer in the form of its API: <html>welcome<\/html>$/);
  });

  it('takes silence for a failure that may pass', async () => {
    expect((await ask(['hang', 'hello'], {}, { timeoutMs: 500 })).text).toBe('hello');
    const error = await failure(ask(['hang'], {}, { timeoutMs: 500, maxRetries: 1 }));
    expect(error.message).toMatch(/did not answer within 0.5 s$/);
    expect(error.status).toBeUndefined();
    expect(stub?.requests).toHaveLength(2);
  });

  it('says what cannot be reached', async () => {
    await ask(['hello']);
    await stub?.close();
    const error = await failure(chat({ baseUrl: stub!.baseUrl, model: 'm', maxRetries: 1 }, { messages }));
    expect(error.message).toBe(`${stub!.baseUrl}/chat/completions cannot be reached (ECONNREFUSED)`);
  });

  it('stops at once when aborted, asking or waiting', async () => {
    const reason = new Error('enough');
    for (const reply of ['hang', { status: 500, headers: { 'retry-after-ms': '900' } }] as const) {
      const controller = new AbortController();
      const stop = (): StubReply => {
        setTimeout(() => controller.abort(reason), 10);
        return reply;
      };
      await expect(ask(stop, { signal: controller.signal }, { timeoutMs: HOUR })).rejects.toBe(reason);
      expect(stub?.requests).toHaveLength(1);
    }
    await expect(ask(['hello'], { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    expect(stub?.requests).toHaveLength(0);
  });

  it('never shows the key, even if the server does', async () => {
    const body = JSON.stringify({ error: { message: `Incorrect API key: ${KEY}` } });
    const error = await failure(ask([{ status: 401, body }]));
    expect(error.message).toMatch(/answered 401: Incorrect API key: \[key\]; check the API key$/);
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain(KEY);
    const query = await failure(
      ask([{ status: 500 }], {}, { baseUrl: `${stub!.baseUrl}?key=${KEY}`, maxRetries: 0 }),
    );
    expect(query.message).not.toContain(KEY);
  });

  it.each(['localhost:11434', 'ftp://host/v1', ''])('refuses "%s" as an endpoint', async (baseUrl) => {
    const error = await failure(chat({ baseUrl, model: 'm' }, { messages }));
    expect(error).toBeInstanceOf(InputError);
    expect(error.message).toContain(`"${baseUrl}" is not an endpoint`);
  });

  it.each(['/v1/', '/v1/chat/completions'])('finds the path from %s', async (path) => {
    stub = await stubChat(() => 'hello');
    await chat({ baseUrl: new URL(path, stub.baseUrl).href, model: 'm' }, { messages });
    expect(stub.requests[0].path).toBe('/v1/chat/completions');
  });
});
