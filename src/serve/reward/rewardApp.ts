/** The reward service as a Hono app: testable without a socket. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Hono, type MiddlewareHandler } from 'hono';
import { requestId } from 'hono/request-id';
import { writeFileAtomic } from '../../files.js';
import { Batcher } from '../engine/batcher.js';
import { type AccessLine, accounted, answerError, answerOf, json, limited } from '../http/answers.js';
import type { ApiKey } from '../http/auth.js';
import type { Operation } from '../http/operations.js';
import { HttpProblem, invalidFields } from '../http/problem.js';
import { authorize, type Ctx, readBody, type Variables } from '../http/request.js';
import { afterPrompt } from './completionText.js';
import type { RewardEngine, Rewarded, Written } from './rewardEngine.js';
import { RewardMetrics } from './rewardMetrics.js';
import { type RewardRequest, type RewardResponse, rewardRequestSchema } from './schemas.js';

export interface RewardAppOptions {
  readonly engine: Pick<RewardEngine, 'reward'>;
  /** Keys that are asked for; none: everybody may do everything, as long as the request names this machine as its host. */
  readonly keys?: readonly ApiKey[];
  /** Folder for adapters that training jobs bring back, one folder a job. */
  readonly adapters: string;
  readonly onAccess?: (line: AccessLine) => void;
  /** Seconds after which a request is given up (120). */
  readonly seconds?: number;
  /** Completions that may wait (16,384). */
  readonly queue?: number;
}

export interface RewardApp {
  readonly fetch: Hono['fetch'];
  readonly request: Hono['request'];
  readonly metrics: RewardMetrics;
  /** From now on the service says that it is not ready. */
  drain(): void;
}

/** Completions rewarded by one call of the encoder; more would keep others waiting. */
const BATCH = 256;
/** Bytes of a body: a batch of long prompts; and of an adapter's weights. */
const [MOST_BYTES, MOST_ADAPTER_BYTES] = [64e6, 8e9];
/** A training job, and the files of an adapter as PEFT writes it. */
const ADAPTER_PATH = '/adapters/:job{[\\w-]+}/:file{adapter_config\\.json|adapter_model\\.safetensors}';

type Access = Pick<Operation, 'access'>['access'];

export function createRewardApp(options: RewardAppOptions): RewardApp {
  const { engine, keys = [], adapters, onAccess, seconds = 120, queue = 16_384 } = options;
  let isDraining = false;
  const batcher = new Batcher<Written, Rewarded | Error>({
    run(written) {
      metrics.batch(written.length);
      return engine.reward(written);
    },
    maxBatch: BATCH,
    maxQueue: queue,
  });
  const metrics = new RewardMetrics(() => batcher.queued);
  const app = new Hono<{ Variables: Variables }>();
  app.use(
    requestId({ limitLength: 64 }),
    accounted({ metrics, onAccess, logQueries: false, draining: () => isDraining }),
  );
  app.onError(answerError);
  app.notFound((c: Ctx) =>
    answerOf(new HttpProblem('not-found', 'there is nothing here; POST to /get_reward'), c),
  );
  const open = (route: string, access: Access): MiddlewareHandler<{ Variables: Variables }> =>
    async function enter(c, next) {
      c.set('route', route);
      c.set('caller', authorize(c, { access } as Operation, { keys }));
      await next();
    };

  app.post('/get_reward', open('/get_reward', 'read'), limited(MOST_BYTES), async (c) => {
    const asked = await readBody(c, rewardRequestSchema);
    const { signal } = c.req.raw;
    const answers = await batcher.submit(writtenOf(asked), { milliseconds: 1000 * seconds, signal });
    const results = answers.map(({ answer }) => {
      if (answer instanceof Error) throw answer;
      metrics.rewarded(answer.reward, answer.usable);
      return answer;
    });
    return json(responseOf(results, asked.gains === true));
  });
  // Asked before a training begins: it would be a pity to learn in the end that the key may only read.
  app.post('/adapters/:job{[\\w-]+}', open('/adapters', 'full'), () => json({ status: 'ok' }));
  app.put(ADAPTER_PATH, open('/adapters', 'full'), limited(MOST_ADAPTER_BYTES), async (c) => {
    const { body } = c.req.raw;
    if (!body) throw invalidFields([{ field: '', detail: 'is empty; send the file' }]);
    const { job, file } = c.req.param();
    await writeFileAtomic(join(adapters, job, 'adapter', file), Readable.fromWeb(body as never));
    return json({ status: 'ok' });
  });
  app.get(ADAPTER_PATH, open('/adapters', 'read'), async (c) => {
    const { job, file } = c.req.param();
    const path = join(adapters, job, 'adapter', file);
    const info = await stat(path).catch(() => undefined);
    if (!info) throw new HttpProblem('not-found', `no ${file} of job ${job} has come back`);
    const stream = Readable.toWeb(createReadStream(path)) as ReadableStream;
    return new Response(stream, { headers: { 'Content-Length': `${info.size}` } });
  });
  app.get('/healthz', open('/healthz', 'open'), () => json({ status: 'ok' }));
  app.get('/readyz', open('/readyz', 'open'), () => {
    if (isDraining) throw new HttpProblem('unavailable', 'the server is going down', { retryAfter: 5 });
    return json({ status: 'ok' });
  });
  app.get('/metrics', open('/metrics', 'read'), async () => {
    const { body, contentType } = await metrics.text();
    return new Response(body, { headers: { 'Content-Type': contentType } });
  });
  return {
    fetch: app.fetch,
    request: app.request,
    metrics,
    drain() {
      isDraining = true;
    },
  };
}

/** @throws HttpProblem naming the entry that does not say what was searched for, or what was written */
function writtenOf({ query: texts, prompts, labels }: RewardRequest): Written[] {
  return texts.map((text, i) => {
    const query = (labels?.[i] ?? prompts?.[i])?.trim();
    if (!query)
      throw invalidFields([
        { field: `labels[${i}]`, detail: 'is missing; say what the completion was to search for' },
      ]);
    const completion = prompts ? afterPrompt(text, prompts[i]) : text;
    if (completion === undefined)
      throw invalidFields([
        { field: `query[${i}]`, detail: `does not have prompts[${i}] in it; send prompt and completion` },
      ]);
    return { query, completion };
  });
}

function responseOf(results: readonly Rewarded[], gains: boolean): RewardResponse {
  const rewards = results.map(({ reward }) => reward);
  const [first, ...others] = results;
  const common = Object.keys(first.components).filter((name) =>
    others.every(({ components }) => name in components),
  );
  const logs = common.map((name) => [name, results.map(({ components }) => components[name].normalized)]);
  return {
    rewards,
    scores: rewards,
    extra_logs: { ...Object.fromEntries(logs), usable: results.map(({ usable }) => Number(usable)) },
    ...(gains && { gains: results.map((result) => result.gains ?? null) }),
  };
}
