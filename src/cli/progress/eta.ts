/** Older measurements count less: half as much after some 10 seconds. */
const MEMORY_SECONDS = 15;

/**
 * Estimates the time left from a smoothed rate. The first report only sets the start, so a stage that goes on at step
 * 300 is not taken for one that did 300 steps at once.
 */
export class Eta {
  #last?: { readonly done: number; readonly at: number };
  #seconds = 0;
  #units = 0;

  /**
   * @param at - seconds, on any clock
   * @returns seconds left, undefined while there is no rate yet
   */
  update(done: number, total: number, at: number): number | undefined {
    if (this.#last && done > this.#last.done) {
      const elapsed = at - this.#last.at;
      const kept = Math.exp(-elapsed / MEMORY_SECONDS);
      this.#seconds = kept * this.#seconds + elapsed;
      this.#units = kept * this.#units + done - this.#last.done;
    }
    if (!this.#last || done !== this.#last.done) this.#last = { done, at };
    return this.#units > 0 ? ((total - done) * this.#seconds) / this.#units : undefined;
  }
}
