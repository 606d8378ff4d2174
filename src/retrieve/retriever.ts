import { traced } from '../telemetry.js';
import { type LoadedRun, type LoadRetrieverOptions, loadRun } from './loadRun.js';
import { SetRetriever } from './setRetriever.js';

export * from './setRetriever.js';

/**
 * The online path: query text -> embedding -> sets of distinct items.
 *
 * @example
 * await using retriever = await Retriever.load('runs/shop');
 * const { items } = await retriever.search('camping gear', { k: 10 });
 */
export class Retriever extends SetRetriever implements AsyncDisposable {
  private constructor(private readonly run: LoadedRun) {
    super(run.space, traced);
  }

  /**
   * Loads a run that `compile` made. One that is compiled only half can be searched too: methods whose model is missing
   * fall back to plain search.
   *
   * @param run its folder, or the address of one (`https://host/path/run`): what is not in the user's cache yet is fetched, and every
   *   file compared with the manifest
   * @throws InputError if there is no run, or one that was compiled with another encoder; DamagedFileError if a file that is
   *   needed is missing or differs from what was written; RunFetchError if one cannot be fetched
   */
  static async load(run: string, options?: LoadRetrieverOptions): Promise<Retriever> {
    return new Retriever(await loadRun(run, options));
  }

  /** Releases every model's native memory; searches must have ended. Parts that were given to `load` stay as they are. */
  close(): Promise<void> {
    return this.run.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
