import { afterEach, expect, it } from 'vitest';
import { tempFolder } from '../catalog/testing/tempFolder.js';
import { ChatError } from '../llm/chatError.js';
import type { StubReply } from '../llm/testing/stubChat.js';
import { DIM } from '../policy/testing/scene.js';
import { letterEncoder } from '../policy/testing/world.js';
import { OpenAiEncoder, type OpenAiEncoderOptions } from './openaiEncoder.js';
import { type StubEmbeddings, stubEmbeddings } from './testing/stubEmbeddings.js';

const temp = tempFolder();
let stub: StubEmbeddings | undefined;
afterEach(() => stub?.close());

async function load(
  options: Partial<OpenAiEncoderOptions> = {},
  before?: (index: number) => StubReply | undefined | Promise<StubReply | undefined>,
): Promise<OpenAiEncoder> {
  stub ??= await stubEmbeddings(before);
  const { baseUrl } = stub;
  return OpenAiEncoder.load({ baseUrl, model: 'letters', dimensions: DIM, ...options });
}
afterEach(() => {
  stub = undefined;
});

/** 300 texts: three requests. */
const texts = Array.from({ length: 300 }, (_, i) => `text ${String.fromCharCode(97 + (i % 26))} ${i}`);

it('gives unit vectors in the order of the texts, each asked for once, in batches', async () => {
  const encoder = await load();
  const all = [...texts, texts[0], 'tent'];
  const vectors = await encoder.encode(all);
  const expected = await letterEncoder.encode(all);
  vectors.data.forEach((x, i) => {
    expect(x).toBeCloseTo(expected.data[i], 6);
  });
  expect(stub?.texts.toSorted()).toEqual([...texts, 'tent'].sort());
  expect(stub?.requests.map(({ body }) => (body.input as string[]).length)).toEqual([128, 128, 45]);
});

it("asks for the length of the vectors, or once for the model's own", async () => {
  const asked = await load({ dimensions: 5, model: 'a' });
  expect([asked.id, asked.dim, stub?.requests.length]).toEqual(['openai/a/5', 5, 0]);
  await asked.encode(['tent']);
  expect(stub?.requests[0].body).toMatchObject({ model: 'a', input: ['tent'], dimensions: 5 });
  const own = await load({ dimensions: undefined, model: 'b' });
  expect([own.id, stub?.requests[1].body]).toEqual([
    `openai/b/${DIM}`,
    { model: 'b', input: ['text'], encoding_format: 'float' },
  ]);
});

it('sends the key, and no empty text', async () => {
  const encoder = await load({ apiKey: 'secret' });
  await encoder.encode(['']);
  expect(stub?.requests[0]).toMatchObject({
    path: '/v1/embeddings',
    headers: { authorization: 'Bearer secret' },
    body: { input: [' '] },
  });
});

it('tries again what may pass', async () => {
  const encoder = await load({}, (index) => (index < 2 ? { status: 503 } : undefined));
  expect((await encoder.encode(['tent'])).rows).toBe(1);
  expect(stub?.requests).toHaveLength(3);
});

it.each([
  ['another form', { status: 200, body: '{"data":[]}' }, 'did not answer with a vector for each text'],
  ['too few', { status: 200, body: '{"data":[{"index":1,"embedding":[1]}]}' }, 'with a vector for each text'],
  ['no numbers', { status: 200, body: '{"data":[{"embedding":[null]}]}' }, 'in the form of its API'],
  ['a wrong key', { status: 401 }, 'check the API key'],
])('refuses an answer of %s', async (_, reply, message) => {
  const encoder = await load({}, () => reply);
  const answer = encoder.encode(['tent', 'lamp']);
  await expect(answer).rejects.toThrow(message);
  await expect(answer).rejects.toThrow(ChatError);
});

it('refuses vectors of another length than was asked for', async () => {
  const encoder = await load({ dimensions: DIM + 1 });
  await expect(encoder.encode(['tent'])).rejects.toThrow(
    `gives vectors of length ${DIM} for the model "letters", expected ${DIM + 1}`,
  );
});

it('refuses what is no endpoint', async () => {
  const options = { baseUrl: 'localhost:1', model: 'm' };
  await expect(OpenAiEncoder.load(options)).rejects.toThrow('"localhost:1" is not an endpoint');
});

it('pays for nothing twice, also in another process', async () => {
  const cache = { folder: temp.path('twice') };
  const first = await load({ cache });
  const vectors = await first.encode(texts);
  expect(await first.encode(texts)).toEqual(vectors);
  expect(stub?.texts).toHaveLength(300);
  const before = stub?.requests.length;
  const second = await load({ cache, dimensions: undefined });
  expect(second.dim).toBe(DIM);
  expect(await second.encode(texts.slice(10, 20))).toMatchObject({
    data: vectors.data.subarray(10 * DIM, 20 * DIM),
  });
  expect(stub?.requests).toHaveLength(before ?? 0);
  expect((await load({ cache, model: 'other' })).id).toBe(`openai/other/${DIM}`);
});

it('loses nothing that was answered before it is stopped', async () => {
  const cache = { folder: temp.path('stopped') };
  const stop = new AbortController();
  const reason = new Error('stopped');
  const encoder = await load({ cache }, (index) => (index === 1 ? 'hang' : undefined));
  const run = encoder.encode(texts, {
    signal: stop.signal,
    onProgress: ({ done }) => {
      if (done === 128 + 44) stop.abort(reason);
    },
  });
  await expect(run).rejects.toBe(reason);
  const again = await load({ cache });
  await again.encode(texts);
  expect(stub?.texts.toSorted()).toEqual(texts.toSorted());
});

it('tells what it will cost before it starts', async () => {
  const cache = { folder: temp.path('cost') };
  const encoder = await load({ cache });
  await encoder.encode(['tent']);
  const item = (text: string) => ({ text });
  const work = { queries: ['tent', 'lamp', 'lamp'], items: [item('lamp'), item('a boot')] };
  const host = new URL(stub?.baseUrl ?? '').origin;
  expect(await encoder.cost(work)).toBe(
    `2 texts of 10 characters are sent to ${host} (letters), 1 are kept from before; later stages send sub-queries`,
  );
  await encoder.encode(['lamp', 'a boot']);
  expect(await encoder.cost(work)).toBeUndefined();
});
