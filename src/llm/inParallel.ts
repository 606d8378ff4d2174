import pLimit from 'p-limit';

export interface ParallelOptions {
  /** Values worked on at the same time. */
  readonly concurrency: number;
  readonly signal?: AbortSignal;
}

/**
 * Works on all values, some at a time, in their order. The first failure (or the signal) aborts the signal the others
 * were given, and is thrown when they have ended.
 */
export async function inParallel<T>(
  values: readonly T[],
  work: (value: T, signal: AbortSignal) => Promise<void>,
  { concurrency, signal }: ParallelOptions,
): Promise<void> {
  const controller = new AbortController();
  const abort = () => controller.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  if (signal?.aborted) abort();
  try {
    await pLimit(concurrency).map(values, async (value) => {
      if (!controller.signal.aborted)
        await work(value, controller.signal).catch((error) => controller.abort(error));
    });
    controller.signal.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
