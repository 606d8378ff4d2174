/** Synthesis by language models behind several servers, some of which fail and lie, killed again and again: nothing is lost, nothing asked twice. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FanOutRecord } from '../../src/policy/written/fanOutFile.js';
import { seedOf } from '../../src/policy/written/writingPolicy.js';
import { CounterRandom } from '../../src/random.js';
import type { KillOptions, KillReport } from './kills.js';
import { COMPILE, type Fault, program, writeWorld } from './world.js';

const QUERIES = 3;
const SAMPLES = 128;
/** Of each server at the same time. */
const CONCURRENCY = 4;
const KINDS: readonly Fault['kind'][] = ['before', 'torn', 'after'];

/** What a server was asked for, and gave a usable answer to. */
interface Answered {
  readonly query: string;
  readonly seed: number;
}

/** A server of the model `stub`; one in `broken` answers fails, one says nothing of use. */
async function listen(answered: Answered[], broken: number): Promise<{ server: Server; baseUrl: string }> {
  let count = 0;
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { messages, seed } = JSON.parse(text) as { messages: { content: string }[]; seed: number };
    const query = messages.find(({ content }) => / for \w+ days \d+$/.test(content))?.content ?? '';
    const turn = ++count % broken;
    if (turn === 0) return void response.writeHead(500).end('{"error":{"message":"out of memory"}}');
    const usable = turn !== 1;
    if (usable) answered.push({ query, seed });
    const content = usable
      ? JSON.stringify({ subQueries: [`${query} ${seed % 7}`, 'boot', 'pan'] })
      : 'Sure!';
    response.setHeader('content-type', 'application/json');
    const message = { role: 'assistant', content };
    response.end(
      JSON.stringify({ model: 'stub', choices: [{ index: 0, message, finish_reason: 'stop' }], usage: {} }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1` };
}

/** Whole lines of the ledger. */
function ledger(cwd: string): string[] {
  try {
    return readFileSync(join(cwd, 'run', 'fanOuts.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1);
  } catch {
    return [];
  }
}

const nameOf = (line: string): string => {
  const { query, sample } = JSON.parse(line) as FanOutRecord;
  return `${query} ${seedOf({ query, sample }, 1)}`;
};

export async function killFanOuts({ main, folder, seed, kills }: KillOptions): Promise<KillReport> {
  const random = new CounterRandom(seed, 'fan-outs');
  const answered: Answered[] = [];
  const opened = await Promise.all([1e9, 12, 7].map((broken) => listen(answered, broken)));
  const wrong: string[] = [];
  const during: Record<string, number> = {};
  let [done, finished] = [0, 0];
  try {
    for (; done < kills || finished === 0; finished++) {
      const cwd = join(folder, `fan-outs-${finished}`);
      writeWorld(cwd, { queries: QUERIES });
      const file = join(cwd, 'config.json');
      const config = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
      const baseUrl = opened.map((one) => one.baseUrl);
      const policy = { kind: 'chat', baseUrl, model: 'stub', concurrency: CONCURRENCY };
      writeFileSync(file, JSON.stringify({ ...config, policy, synthesis: { samplesPerQuery: SAMPLES } }));
      answered.length = 0;
      let killed = 0;
      for (;;) {
        const before = ledger(cwd);
        const known = new Set(before.map(nameOf));
        const from = answered.length;
        // Each fan-out is one moment; the encode stage has some thirty before them.
        const at = 1 + random.integer(QUERIES * SAMPLES);
        const fault = killed < 4 ? { kind: KINDS[random.integer(KINDS.length)], at } : undefined;
        const { code, stderr } = await program([...COMPILE, '--stage', 'synthesis'], { main, cwd, fault });
        const after = ledger(cwd);
        if (before.some((line, i) => after[i] !== line)) wrong.push('a recorded fan-out was lost or changed');
        const again = answered.slice(from).filter((one) => known.has(`${one.query} ${one.seed}`));
        if (again.length > 0) wrong.push(`${again.length} recorded fan-outs were asked for again`);
        if (code === 'SIGKILL') {
          killed++;
          const state = after.length === 0 ? 'before the first' : 'while they were written';
          during[state] = (during[state] ?? 0) + 1;
          continue;
        }
        if (code !== 0) wrong.push(`ended with ${code}: ${stderr.trim().split('\n').at(-1)}`);
        break;
      }
      done += killed;
      const names = ledger(cwd).map(nameOf);
      if (names.length !== QUERIES * SAMPLES || new Set(names).size !== names.length)
        wrong.push(
          `${names.length} fan-outs, ${new Set(names).size} of them different; expected ${QUERIES * SAMPLES}`,
        );
      // Only what was under way when a session died may have been answered in vain.
      const vain = answered.length - names.length;
      if (vain > killed * CONCURRENCY * opened.length)
        wrong.push(`${vain} answers were lost in ${killed} kills`);
      rmSync(cwd, { recursive: true, force: true });
    }
  } finally {
    for (const { server } of opened) server.close();
  }
  return { what: 'fan-outs', kills: done, during, finished, wrong };
}
