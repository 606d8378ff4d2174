import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { vi } from 'vitest';
import type { ChatMessage } from '../chat.js';

/** A request the stub has received. */
export interface StubRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: { readonly model: string; readonly messages: ChatMessage[] } & Record<string, unknown>;
}

/** Content of an answer, perhaps of a model that says its name, or a failure, or (`hang`) nothing at all. */
export type StubReply =
  | string
  | { readonly content: string; readonly model: string }
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | 'hang'
  | 'cut';

export interface StubChat {
  readonly baseUrl: string;
  readonly requests: StubRequest[];
  close(): Promise<void>;
}

/**
 * A chat completions endpoint on the loopback interface. Of the replies, `hang` never answers and `cut` closes the
 * connection.
 */
export async function stubChat(
  reply: (request: StubRequest, index: number) => StubReply | Promise<StubReply>,
): Promise<StubChat> {
  const requests: StubRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = {
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: JSON.parse(Buffer.concat(chunks).toString()),
    };
    requests.push(request);
    const answer = await reply(request, requests.length - 1);
    send(response, answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Pauses between attempts pass at once: the SDK's timers of a second and more. */
export function withoutPauses(): void {
  const real = setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms = 0, ...rest: []) =>
    real(run, ms >= 1000 ? 1 : ms, ...rest)) as typeof setTimeout);
}

function send(response: ServerResponse, reply: StubReply): void {
  if (reply === 'hang') return;
  if (reply === 'cut') return void response.destroy();
  if (typeof reply === 'object' && 'status' in reply) {
    // Nobody shall wait for long.
    response
      .writeHead(reply.status, { 'retry-after-ms': '1', ...reply.headers })
      .end(reply.body ?? '{"error":{"message":"no"}}');
    return;
  }
  const { content, model } = typeof reply === 'object' ? reply : { content: reply, model: undefined };
  response.setHeader('content-type', 'application/json');
  response.end(
    JSON.stringify({
      model,
      choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 },
    }),
  );
}
