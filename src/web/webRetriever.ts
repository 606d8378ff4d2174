import type { MethodSpace } from '../retrieve/method.js';
import { SetRetriever } from '../retrieve/setRetriever.js';

/** A retriever of an exported run; see `loadRetriever`. */
export class WebRetriever extends SetRetriever implements AsyncDisposable {
  /** @param release frees the models that were loaded for it */
  constructor(
    space: MethodSpace,
    private readonly release: () => Promise<void>,
  ) {
    super(space);
  }

  /** Releases every model's memory; searches must have ended. An encoder that was given stays as it is. */
  close(): Promise<void> {
    return this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
