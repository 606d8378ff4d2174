/** Search jobs of all requests on their way to the engine: together in batches, in time, and none takes the whole queue. */

import { AUTO } from '../../retrieve/methodNames.js';
import { type Attributes, embeddingsSpan, retrievalSpan } from '../../retrieve/trace.js';
import { pastSpan, traced } from '../../telemetry.js';
import type { RunHost } from '../changes/host.js';
import { Callers } from '../http/callers.js';
import { refusal, withDeadline } from '../http/failures.js';
import { HttpProblem } from '../http/problem.js';
import type { RunProvenance, Timings } from '../http/schemas.js';
import { Batcher } from './batcher.js';
import type { Engine, EngineFacts, JobResult, SearchJob } from './engine.js';

type BatchTimings = Omit<Timings, 'queue' | 'total'>;

export interface SearchQueueOptions {
  readonly host: RunHost;
  /** Seconds after which a search is given up. */
  readonly seconds: number;
  /** Weight of the jobs that may wait. */
  readonly most: number;
  /** Weight of a batch; see {@link Batcher}. */
  readonly maxBatch?: number;
  /** Told of every batch that the engine has answered. */
  readonly onBatch: (jobs: number, timings: BatchTimings) => void;
}

/** What one request asks for. */
export interface Asked<R> {
  readonly jobs: readonly SearchJob[];
  /** What the request wants of a job's result; undefined where it is no answer. */
  readonly pick: (result: JobResult) => R | undefined;
  readonly caller: string;
  /** Aborted when the caller has gone. */
  readonly signal: AbortSignal;
}

export interface Answered<R> {
  /** In the order of the jobs. */
  readonly results: R[];
  readonly run: RunProvenance;
  readonly timings: Timings;
}

interface Answer {
  readonly result: JobResult;
  readonly timings: BatchTimings;
  /** Of the engine that answered; another may be served meanwhile. */
  readonly facts: EngineFacts;
  /** Jobs that were answered together. */
  readonly batch: number;
}

/** What one caller may have waiting, as a share of the queue: others find room in the rest. */
const CALLER_SHARE = 0.75;
/** A folm query costs about as much as so many others. */
const FOLM_WEIGHT = 8;
/** Steps which an ordinary search's cost stands for. */
const STEPS_A_WEIGHT = 4;

export class SearchQueue {
  readonly #batcher: Batcher<SearchJob, Answer>;
  readonly #callers: Callers;
  readonly #options: SearchQueueOptions;

  constructor(options: SearchQueueOptions) {
    const { most, maxBatch } = options;
    this.#options = options;
    this.#callers = new Callers(Math.max(1, Math.floor(CALLER_SHARE * most)));
    this.#batcher = new Batcher({
      maxBatch,
      maxQueue: most,
      weight: weightOf,
      run: (jobs, milliseconds) => this.#runBatch(jobs, milliseconds),
    });
  }

  /** Weight of the jobs that wait. */
  get queued(): number {
    return this.#batcher.queued;
  }

  /** @throws HttpProblem, or what `problemFrom` makes one of, unless every job has an answer */
  async answer<R>(asked: Asked<R>): Promise<Answered<R>> {
    const { jobs } = asked;
    // An engine that cannot answer now should say so before the queue does.
    const { facts } = this.#options.host.engine;
    const { k = facts.k } = jobs[0];
    const queries = new Set(jobs.map(({ query }) => query)).size;
    const methods = [...new Set(jobs.map(({ method = AUTO }) => method))].join();
    return traced(...retrievalSpan({ k, queries, method: methods }), (tell) => this.#answer(asked, tell));
  }

  async #answer<R>(
    { jobs, pick, caller, signal }: Asked<R>,
    tell: (attributes: Attributes) => void,
  ): Promise<Answered<R>> {
    const { seconds } = this.#options;
    const started = performance.now();
    const milliseconds = seconds * 1000;
    const weight = jobs.reduce((sum, job) => sum + weightOf(job), 0);
    const batched = await withDeadline(
      this.#callers.whileWaiting(caller, weight, () => this.#batcher.submit(jobs, { milliseconds, signal })),
      // The engine stops by itself a little earlier.
      milliseconds + 250,
    ).catch((error: unknown) => {
      throw signal.aborted ? new HttpProblem('unavailable', 'the caller has gone') : error;
    });
    const results = batched.map(({ answer: { result } }) => {
      const picked = pick(result);
      if (picked !== undefined) return picked;
      throw refusal(result, seconds);
    });
    const { waited, answer } = batched.reduce((slow, one) => (one.waited > slow.waited ? one : slow));
    const total = performance.now() - started;
    tell({ 'r4t.batch.queries': answer.batch });
    tellParts({ ...answer.timings, queue: waited }, started, answer.facts);
    return {
      results,
      run: answer.facts.run,
      timings: roundedTimings({ queue: waited, ...answer.timings, total }),
    };
  }

  async #runBatch(jobs: readonly SearchJob[], milliseconds: number): Promise<Answer[]> {
    const { host, onBatch } = this.#options;
    const { engine } = host;
    const { results, timings } = await engine
      .search(jobs, milliseconds)
      .catch((error: unknown) => lost(host, engine, error));
    onBatch(jobs.length, timings);
    const { facts } = engine;
    return results.map((result) => ({ result, timings, facts, batch: jobs.length }));
  }
}

/** An engine that failed may have died; then another one is started, and trying again helps. */
async function lost(host: RunHost, engine: Engine, error: unknown): Promise<never> {
  await new Promise((resolve) => setImmediate(resolve));
  if (host.ready && host.engine === engine) throw error;
  throw new HttpProblem('unavailable', 'the search thread is being started again', {
    retryAfter: 2,
    cause: error,
  });
}

/** What a job costs beside an ordinary search; `auto` may be the diffusion. */
function weightOf({ method = AUTO, steps }: SearchJob): number {
  if (method === 'folm') return FOLM_WEIGHT;
  return (method === 'diffusion' || method === AUTO) && steps !== undefined
    ? Math.ceil(steps / STEPS_A_WEIGHT)
    : 1;
}

/** The search thread keeps no spans: those of its work are made from the times that it tells. */
function tellParts(
  { queue, encode, directions, search }: Omit<Timings, 'total'>,
  started: number,
  { encoder: id, dimensions: dim }: EngineFacts,
): void {
  const parts = [
    ['r4t.queue', {}, queue],
    [...embeddingsSpan({ id, dim }), encode],
    ['r4t.directions', {}, directions],
    ['r4t.search', {}, search],
  ] as const;
  let at = started;
  for (const [name, attributes, ms] of parts) {
    pastSpan(name, attributes, at, at + ms);
    at += ms;
  }
}

/** Milliseconds to the microsecond. */
function roundedTimings<T extends object>(timings: T): T {
  const entries = Object.entries(timings).map(([name, ms]) => [name, Math.round(ms * 1000) / 1000]);
  return Object.fromEntries(entries) as T;
}
