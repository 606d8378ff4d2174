import { R4tError } from '../errors.js';

/** A model's endpoint, of chat or embeddings, could not be reached, refused the request or answered nonsense. CLI exit code 1. */
export class ChatError extends R4tError {
  override name = 'ChatError';
  constructor(
    message: string,
    /** The endpoint, without query string and credentials. */
    readonly url: string,
    /** HTTP status; absent if no answer came at all. */
    readonly status?: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
