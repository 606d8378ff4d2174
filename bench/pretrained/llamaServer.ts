/** llama.cpp's server as an oracle: started for one model, asked, and stopped. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

const PORT = 18_080;

/** Posts a body to a path of the server. */
export type AskServer = (path: string, body: object) => Promise<{ readonly tokens: number[] }>;

/**
 * @param server path of llama-server
 * @param options of its command line, besides model and port
 */
export async function withLlamaServer<T>(
  server: string,
  model: string,
  options: readonly string[],
  use: (ask: AskServer) => Promise<T>,
): Promise<T> {
  const url = `http://127.0.0.1:${PORT}`;
  const child = spawn(server, ['-m', model, '--port', String(PORT), '-t', '1', ...options], {
    stdio: 'ignore',
  });
  try {
    const isReady = () =>
      fetch(`${url}/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    while (!(await isReady())) {
      if (child.exitCode !== null) throw new Error(`llama-server ended with code ${child.exitCode}`);
      await setTimeout(300);
    }
    return await use(async (path, body) => {
      // A server that is idle for long closes its connections.
      const headers = { 'content-type': 'application/json', connection: 'close' };
      const answer = await fetch(url + path, { method: 'POST', headers, body: JSON.stringify(body) });
      return answer.json() as Promise<{ tokens: number[] }>;
    });
  } finally {
    child.kill();
    if (child.exitCode === null) await once(child, 'exit');
  }
}
