/** A policy whose sub-queries a language model writes. Every fan-out is recorded when it is there, and read again instead of being asked for. */
import { R4tError } from '../../errors.js';
import { inParallel } from '../../llm/inParallel.js';
import type { OnProgress } from '../../progress.js';
import { CounterRandom } from '../../random.js';
import type { Completion, Policy, SampleOptions } from '../policy.js';
import type { FanOutLog, FanOutRecord } from './fanOutFile.js';
import { type FanOutPrompt, promptHash, promptMessages } from './prompt.js';
import type { Writer } from './writer.js';

export interface WritingPolicyOptions {
  readonly writer: Writer;
  readonly prompt: FanOutPrompt;
  readonly log: FanOutLog;
  /** Told what is about to be asked, how far it is, and what could not be used. */
  readonly onProgress?: OnProgress;
}

const STAGE = 'fan-outs';
/** Fan-outs without a usable answer, while there is none with one, that show that the model cannot write them. */
const MUTE = 3;

/** One fan-out to be written. */
interface Task {
  readonly query: string;
  readonly sample: number;
}

export class WritingPolicy implements Policy {
  readonly k: number;
  #written = 0;
  /** What is being written at the moment. */
  #session = { done: 0, total: 0, started: 0 };
  /** Fan-outs that the model has no usable answer for. */
  readonly #unusable = new Set<string>();

  constructor(private readonly options: WritingPolicyOptions) {
    this.k = options.prompt.k;
  }

  /**
   * A query's samples depend on nothing but the query, their numbers and the seed. A list that is too short goes round; where the model has
   * no usable answer at all, the query stands for itself.
   *
   * @throws R4tError where no answer is of use, ChatError if an endpoint does not answer; what was written before is kept
   */
  async sample({
    queries,
    samplesPerQuery = 1,
    temperature = 1,
    topP = 1,
    seed,
    signal,
  }: SampleOptions): Promise<Completion[]> {
    const { writer, prompt, log } = this.options;
    const own = { model: writer.model, promptHash: promptHash(prompt, { temperature, topP }), seed };
    const tasks = queries.flatMap((query) =>
      Array.from({ length: samplesPerQuery }, (_, sample): Task => ({ query, sample })),
    );
    const written = new Map<string, FanOutRecord>();
    const find = (task: Task) => written.get(nameOf(task, own)) ?? log.get({ ...own, ...task });
    const missing = [
      ...new Map(
        tasks
          .filter((task) => !find(task) && !this.#unusable.has(nameOf(task, own)))
          .map((task) => [nameOf(task, own), task]),
      ).values(),
    ];
    const write = async (task: Task, stop?: AbortSignal): Promise<void> => {
      const started = performance.now();
      const answer = await writer.write(promptMessages(prompt, task.query), {
        k: prompt.k,
        least: prompt.least ?? prompt.k,
        answers: prompt.answers,
        temperature,
        topP,
        seed: seedOf(task, seed),
        signal: stop,
        onWarning: (warning) => this.#report(warning),
      });
      if (answer.subQueries) {
        const { query, sample } = task;
        const ms = Math.round(performance.now() - started);
        const record = { query, sample, subQueries: [...answer.subQueries], ...own, ms };
        await log.add(record);
        written.set(nameOf(task, own), record);
        this.#written++;
      } else this.#giveUp(task, nameOf(task, own), answer.problem);
    };
    await this.#writeAll(missing, write, signal);
    return tasks.map((task, i): Completion => {
      const record = find(task);
      return {
        ...completionOf(record?.subQueries ?? [task.query], this.k),
        query: Math.floor(i / samplesPerQuery),
        ...(record?.ms !== undefined && { ms: record.ms }),
      };
    });
  }

  async #writeAll(
    missing: readonly Task[],
    write: (task: Task, stop?: AbortSignal) => Promise<void>,
    signal?: AbortSignal,
  ): Promise<void> {
    if (missing.length === 0) return;
    const { writer, log, onProgress } = this.options;
    signal?.throwIfAborted();
    this.#session = { done: 0, total: missing.length, started: performance.now() };
    // How long one takes tells how long all do.
    let rest = missing;
    if (onProgress && log.msOf(writer.model).length === 0 && missing.length > 1) {
      await write(missing[0], signal);
      this.#session.done++;
      rest = missing.slice(1);
    }
    if (onProgress && rest.length > 1) this.#report(this.#forecast(rest));
    await inParallel(
      rest,
      async (task, stop) => {
        await write(task, stop);
        this.#session.done++;
        this.#report();
      },
      { concurrency: writer.concurrency, signal },
    );
  }

  #report(warning?: string): void {
    const { done, total, started } = this.#session;
    const rate = done / Math.max(1e-3, (performance.now() - started) / 1000);
    const metrics = { 'fan-outs/s': rate, ...this.options.writer.figures?.() };
    this.options.onProgress?.({ stage: STAGE, done, total, metrics, ...(warning && { warning }) });
  }

  /** What is about to be asked: how much, for how long, for what price. */
  #forecast(tasks: readonly Task[]): string {
    const { writer, prompt, log } = this.options;
    const { model, place, concurrency } = writer;
    const longest = tasks.reduce((a, b) => (a.query.length > b.query.length ? a : b));
    const cost = writer.cost?.(tasks.length, promptMessages(prompt, longest.query), prompt.k);
    const times = log.msOf(model).sort((a, b) => a - b);
    const ms = times[Math.floor(times.length / 2)];
    const minutes = (ms * tasks.length) / Math.min(concurrency, tasks.length) / 60_000;
    return (
      `${tasks.length.toLocaleString('en')} fan-outs are to be written by ${model} (${place})` +
      (cost ? `, ${cost}` : '') +
      (ms === undefined ? '' : `, about ${spoken(minutes)} if they go on as those before`)
    );
  }

  /** @throws R4tError where the model has not written anything of use yet */
  #giveUp({ query }: Task, name: string, problem: string): void {
    const { writer } = this.options;
    this.#unusable.add(name);
    const count = this.#unusable.size;
    if (this.#written === 0 && count >= MUTE) {
      throw new R4tError(
        `${writer.model} (${writer.place}) writes no fan-outs in the form it is asked for (${problem}); take another model`,
      );
    }
    // One, ten, a hundred: more would hide what else is told.
    if (!/^10*$/.test(`${count}`)) return;
    const last = `the last is for "${query}" (${problem})`;
    this.#report(
      `${writer.model} has no usable answer for ${count} fan-outs, where the query stands for itself; ${last}`,
    );
  }

  async release(): Promise<void> {
    await this.options.writer.release?.();
    await this.options.log.close();
  }
}

const nameOf = (
  { query, sample }: Task,
  { promptHash: hash, seed }: { promptHash: string; seed: number },
): string => JSON.stringify([query, sample, hash, seed]);

/** The seed that a sample is written with, 31 bits: what models take. */
export const seedOf = ({ query, sample }: Pick<FanOutRecord, 'query' | 'sample'>, seed: number): number =>
  new CounterRandom(seed, 'fan-outs', query, sample).uint32() >>> 1;

/** A written list as a completion of k sub-queries: one that is too short goes round. */
export function completionOf(list: readonly string[], k: number): Omit<Completion, 'query'> {
  return {
    subQueries: Array.from({ length: k }, (_, i) => list[i % list.length]),
    tokens: new Int32Array(),
    logProbs: new Float32Array(),
    entropies: new Float32Array(),
  };
}

const spoken = (minutes: number): string =>
  minutes < 1.5 ? `${Math.max(1, Math.round(60 * minutes))} s` : `${Math.round(minutes)} min`;
