/** The models of a retriever, of which a request needs one. */
import type { ModelSession } from './setSampler.js';

/** Loads each model when it is first asked for; one that could not be loaded is tried again by the next request. */
export class Sessions<Key> {
  readonly #loaded = new Map<Key, Promise<ModelSession>>();

  constructor(private readonly load: (key: Key) => Promise<ModelSession>) {}

  get(key: Key): Promise<ModelSession> {
    const known = this.#loaded.get(key);
    if (known) return known;
    const session = this.load(key);
    this.#loaded.set(key, session);
    session.catch(() => this.#loaded.delete(key));
    return session;
  }

  /** Frees all of them, also those that are still being loaded. */
  async release(): Promise<void> {
    // Who asked for a model that could not be loaded has been told.
    for (const session of this.#loaded.values()) await (await session.catch(() => undefined))?.release();
  }
}
