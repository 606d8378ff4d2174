/** Why a request has no answer, as the problem that the caller is told. */
import { ChangesError, IndexError, InputError, R4tError, WriteError } from '../../errors.js';
import { QueueFull, WaitedTooLong } from '../engine/batcher.js';
import type { JobResult } from '../engine/engine.js';
import { TooMuchWaits } from './callers.js';
import { HttpProblem, invalidFields, problemOf } from './problem.js';

/** Any error as a problem; one that nobody foresaw is told without its details. */
export function problemFrom(error: unknown): HttpProblem {
  if (error instanceof HttpProblem) return error;
  if (error instanceof InputError) {
    return invalidFields([{ field: error.field ?? '', detail: problemOf(error) }]);
  }
  if (error instanceof TooMuchWaits) {
    const { waiting, most } = error;
    return new HttpProblem(
      'too-many-requests',
      `you have ${waiting} queries waiting, and may have ${most}; send the next when these are answered`,
      { retryAfter: 1 },
    );
  }
  if (error instanceof QueueFull) {
    const { retryAfter } = error;
    return new HttpProblem('overloaded', `too many requests wait; try again in ${retryAfter} s`, {
      retryAfter,
    });
  }
  if (error instanceof WaitedTooLong) {
    return new HttpProblem('overloaded', 'the request waited too long; try again', { retryAfter: 1 });
  }
  if (error instanceof IndexError) {
    // Where it is, is nobody's business but the log's.
    const detail = 'the search engine of this run does not answer; try again';
    return new HttpProblem('unavailable', detail, { retryAfter: 1, cause: error });
  }
  if (error instanceof ChangesError) {
    // The connection may have broken after they were taken, and they may be made again.
    const detail = 'the database that keeps changes does not answer, or refuses; send them again';
    return new HttpProblem('unavailable', detail, { retryAfter: 2, cause: error });
  }
  if (error instanceof WriteError) {
    // Neither which file.
    const detail = 'the server cannot write, and has taken nothing; its log says why';
    return new HttpProblem('unavailable', detail, { retryAfter: 60, cause: error });
  }
  const detail =
    error instanceof R4tError ? error.message : 'something went wrong; the log of the server says what';
  return new HttpProblem('internal', detail, { cause: error });
}

/** Why a job has no answer. */
export function refusal(result: JobResult, seconds: number): Error {
  if ('refused' in result) {
    const { problem, field = '' } = result.refused;
    return invalidFields([{ field, detail: problem }]);
  }
  if ('missing' in result) return new HttpProblem('conflict', result.missing);
  return new HttpProblem('timeout', `gave up after ${seconds} s; ask for fewer queries or steps`);
}

/** @throws HttpProblem when the time is over before the promise has resolved */
export async function withDeadline<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new HttpProblem('timeout', 'it took too long; ask for less')),
      milliseconds,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
