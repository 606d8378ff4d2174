/** Answers with the time they take, from the text on. */
import { CachedEncoder } from '../encode/cached.js';
import type { QueryBatch } from '../environment.js';
import { batchOf } from '../queryBatch.js';
import type { RetrievedSet } from '../retrieve/method.js';
import type { Workspace } from '../run/workspace.js';

/** Queries answered together. */
const BATCH = 8;

export type Ask = (
  queries: QueryBatch,
  options: { readonly seed: number; readonly signal?: AbortSignal },
) => Promise<RetrievedSet[]>;

/** Answers all queries in batches, timed from the text on. */
export async function answerAll(
  ask: Ask,
  queries: QueryBatch,
  { encoder, subQueryEncoder }: Pick<Workspace, 'encoder' | 'subQueryEncoder'>,
  seed: number,
  signal?: AbortSignal,
): Promise<{ answers: RetrievedSet[]; msPerQuery: number }> {
  const answers: RetrievedSet[] = [];
  const times: number[] = [];
  // The first batch pays for lazy initialisation; it is run once unmeasured.
  await ask(batchOf(queries, 0, BATCH), { seed, signal });
  // No method may profit from the texts another one has encoded.
  for (const cached of [encoder, subQueryEncoder]) if (cached instanceof CachedEncoder) cached.clear();
  for (let start = 0; start < queries.texts.length; start += BATCH) {
    signal?.throwIfAborted();
    const batch = batchOf(queries, start, start + BATCH);
    const started = performance.now();
    const vectors = await encoder.encode(batch.texts, { signal });
    answers.push(...(await ask({ ...batch, vectors }, { seed, signal })));
    times.push((performance.now() - started) / batch.texts.length);
  }
  return { answers, msPerQuery: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] };
}
