/** Who waits for how much: one caller must not take the whole queue. */

/** A caller has more waiting than it may. */
export class TooMuchWaits extends Error {
  override name = 'TooMuchWaits';
  constructor(
    /** What the caller has waiting already, and may have. */
    readonly waiting: number,
    readonly most: number,
  ) {
    super('the caller has too much waiting');
  }
}

export class Callers {
  readonly #waiting = new Map<string, number>();

  /** @param most weight a caller may have waiting; a caller with nothing waiting may ask for any */
  constructor(private readonly most: number) {}

  /** Callers that wait for something. */
  get size(): number {
    return this.#waiting.size;
  }

  /** @throws TooMuchWaits instead of doing the work */
  async whileWaiting<T>(caller: string, weight: number, work: () => Promise<T>): Promise<T> {
    const before = this.#waiting.get(caller) ?? 0;
    if (before > 0 && before + weight > this.most) throw new TooMuchWaits(before, this.most);
    this.#waiting.set(caller, before + weight);
    try {
      return await work();
    } finally {
      const left = this.#waiting.get(caller)! - weight;
      if (left > 0) this.#waiting.set(caller, left);
      else this.#waiting.delete(caller);
    }
  }
}
