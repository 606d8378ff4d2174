/** Collects what arrives together into one call: the source of a server's throughput. */

export interface BatcherOptions<Job, Answer> {
  /** Answers jobs together; `milliseconds` is the time left for them. */
  readonly run: (jobs: readonly Job[], milliseconds: number) => Promise<readonly Answer[]>;
  /** What a job costs, in units of an ordinary one (1). */
  readonly weight?: (job: Job) => number;
  /** Weight of a batch (32). One heavier job goes alone. */
  readonly maxBatch?: number;
  /** Weight that may wait (512). */
  readonly maxQueue?: number;
}

/** The queue is full. */
export class QueueFull extends Error {
  override name = 'QueueFull';
  constructor(
    /** Seconds after which there is likely room again. */
    readonly retryAfter: number,
  ) {
    super('the queue is full');
  }
}

/** The time ran out before a batch had room. */
export class WaitedTooLong extends Error {
  override name = 'WaitedTooLong';
}

/** An answer with the milliseconds its job waited for a batch. */
export interface Batched<Answer> {
  readonly answer: Answer;
  readonly waited: number;
}

interface Entry<Job, Answer> {
  readonly job: Job;
  readonly weight: number;
  readonly arrived: number;
  readonly deadline: number;
  readonly signal?: AbortSignal;
  resolve(batched: Batched<Answer>): void;
  reject(error: unknown): void;
}

/**
 * One batch is under way at a time. Jobs go in the order they came.
 *
 * @example
 * const batcher = new Batcher({ run: (queries) => encodeAll(queries) });
 * const [{ answer }] = await batcher.submit(['camping gear'], { milliseconds: 1000 });
 */
export class Batcher<Job, Answer> {
  #queue: Entry<Job, Answer>[] = [];
  #queued = 0;
  #busy = false;
  /** Weight a millisecond, a moving average. */
  #rate = 0.1;

  constructor(private readonly options: BatcherOptions<Job, Answer>) {}

  /** Weight of the jobs that wait. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Resolves with the answers in the order of the jobs, once all are there.
   *
   * @param options.signal drops jobs that still wait
   * @throws QueueFull, WaitedTooLong, or what `run` throws
   */
  submit(
    jobs: readonly Job[],
    { milliseconds, signal }: { readonly milliseconds: number; readonly signal?: AbortSignal },
  ): Promise<Batched<Answer>[]> {
    const { weight = () => 1, maxQueue = 512 } = this.options;
    const weights = jobs.map(weight);
    const total = weights.reduce((sum, w) => sum + w, 0);
    // An idle server takes any request, however heavy.
    if (this.#queued > 0 && this.#queued + total > maxQueue)
      return Promise.reject(new QueueFull(this.#delay()));
    const arrived = performance.now();
    const entries = jobs.map(
      (job, i) =>
        new Promise<Batched<Answer>>((resolve, reject) => {
          const deadline = arrived + milliseconds;
          this.#queue.push({ job, weight: weights[i], arrived, deadline, signal, resolve, reject });
        }),
    );
    this.#queued += total;
    // While it is busy, jobs collect by themselves; an idle server waits for no company.
    if (!this.#busy) void this.#runBatch();
    return Promise.all(entries);
  }

  /** Seconds until what waits now is likely done, 1 to 60. */
  #delay(): number {
    return Math.min(60, Math.max(1, Math.ceil(this.#queued / this.#rate / 1000)));
  }

  async #runBatch(): Promise<void> {
    this.#busy = true;
    try {
      // Those who came while it was busy have waited enough: they go at once.
      for (let batch = this.#take(); batch.length > 0; batch = this.#take()) await this.#answer(batch);
    } finally {
      this.#busy = false;
    }
  }

  #take(): Entry<Job, Answer>[] {
    const { maxBatch = 32 } = this.options;
    const batch: Entry<Job, Answer>[] = [];
    const now = performance.now();
    let weight = 0;
    let taken = 0;
    for (const entry of this.#queue) {
      const expired = entry.deadline <= now;
      if (!expired && !entry.signal?.aborted) {
        if (batch.length > 0 && weight + entry.weight > maxBatch) break;
        batch.push(entry);
        weight += entry.weight;
      } else {
        entry.reject(expired ? new WaitedTooLong() : entry.signal?.reason);
      }
      taken++;
      this.#queued -= entry.weight;
    }
    this.#queue = this.#queue.slice(taken);
    return batch;
  }

  async #answer(batch: readonly Entry<Job, Answer>[]): Promise<void> {
    const started = performance.now();
    try {
      const left = Math.max(...batch.map(({ deadline }) => deadline)) - started;
      const answers = await this.options.run(
        batch.map(({ job }) => job),
        left,
      );
      batch.forEach(({ arrived, resolve }, i) => {
        resolve({ answer: answers[i], waited: started - arrived });
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    const weight = batch.reduce((sum, entry) => sum + entry.weight, 0);
    this.#rate += 0.2 * (weight / Math.max(performance.now() - started, 0.1) - this.#rate);
  }
}
