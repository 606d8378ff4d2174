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

/**
 * Answers all queries in batches, timed from the text on. What a language model wrote is read again by then, and what it took is added.
 */
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
  const first = await ask(batchOf(queries, 0, 1), { seed, signal });
  const isWritten = first.some(({ ms }) => ms !== undefined);
  // A language model writes for all at once: it may be asked for several at a time, and can tell how long that will take.
  await ask(isWritten ? queries : batchOf(queries, 0, BATCH), { seed, signal });
  // No method may profit from the texts another one has encoded.
  for (const cached of [encoder, subQueryEncoder]) if (cached instanceof CachedEncoder) cached.clear();
  for (let start = 0; start < queries.texts.length; start += BATCH) {
    signal?.throwIfAborted();
    const batch = batchOf(queries, start, start + BATCH);
    const started = performance.now();
    const vectors = await encoder.encode(batch.texts, { signal });
    const found = await ask({ ...batch, vectors }, { seed, signal });
    const written = found.reduce((sum, { ms = 0 }) => sum + ms, 0);
    times.push((performance.now() - started + written) / batch.texts.length);
    answers.push(...found);
  }
  return { answers, msPerQuery: times.sort((a, b) => a - b)[Math.floor(times.length / 2)] };
}
