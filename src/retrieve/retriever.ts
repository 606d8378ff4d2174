import type { SetDiffusion } from '../diffusion/setDiffusion.js';
import type { Workspace } from '../run/workspace.js';
import type { SearchParts } from './findSets.js';
import { type LoadRetrieverOptions, loadRetrieverParts } from './loadRetriever.js';
import { SetRetriever } from './setRetriever.js';

export * from './setRetriever.js';

/** What a retriever is made of; `Retriever.load` reads it from a run. */
export interface RetrieverParts extends SearchParts {
  readonly workspace: Workspace;
  readonly diffusion?: SetDiffusion;
}

/**
 * The online path: query text -> embedding -> directions -> distinct items.
 *
 * @example
 * const retriever = await Retriever.load('runs/shop');
 * const { items } = await retriever.search('camping gear', { k: 10 });
 */
export class Retriever extends SetRetriever {
  /**
   * Loads a run that `compile` made. One that is compiled only half can be searched too: methods whose model is missing
   * fall back to plain search.
   *
   * @throws InputError if the folder holds no run, a damaged one or one that was compiled with another encoder
   */
  static async load(runFolder: string, options?: LoadRetrieverOptions): Promise<Retriever> {
    return new Retriever(await loadRetrieverParts(runFolder, options));
  }
}
