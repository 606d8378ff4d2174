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
  let next = 0;
  const worker = async () => {
    while (next < values.length && !controller.signal.aborted) {
      const value = values[next++];
      await work(value, controller.signal).catch((error) => controller.abort(error));
    }
  };
  try {
    await Promise.all(Array.from({ length: concurrency }, worker));
    controller.signal.throwIfAborted();
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}
