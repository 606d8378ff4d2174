/**
 * `r4t/langchain`: a set retriever for LangChain.js. Needs the package `@langchain/core`.
 *
 * @module
 */
import { Document } from '@langchain/core/documents';
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers';
import type { RunnableConfig } from '@langchain/core/runnables';
import { InputError } from '../errors.js';
import type { Metadata, SetRequest } from '../index.js';
import { type FoundSet, type SetSource, searchSets } from './source.js';

export type { SetSource } from './source.js';

export interface R4tRetrieverInput extends BaseRetrieverInput, SetRequest {
  /** A loaded `Retriever`, or the `Client` of a service. */
  readonly source: SetSource;
}

/** What is known of a document, besides its id and text. */
export interface SetMetadata {
  readonly id: string;
  readonly title: string;
  readonly category?: string;
  readonly image?: string;
  /** Relevance: the cosine between query and item, -1 to 1. */
  readonly score: number;
  /** Why it is in the set, in words. */
  readonly why: string;
  /** The method that answered. */
  readonly method: string;
  /** The item's other fields. */
  readonly fields: Metadata;
}

type SetDocument = Document<SetMetadata>;

/**
 * Answers a query with the documents of its set. `batch` searches for all of its queries at once.
 *
 * @example
 * const retriever = new R4tRetriever({ source: await Retriever.load('runs/shop'), k: 10, filter: 'price<100' });
 * const documents = await retriever.invoke('camping gear');
 */
export class R4tRetriever extends BaseRetriever<SetMetadata> {
  lc_namespace = ['r4t', 'retrievers'];
  private readonly source: SetSource;
  private readonly request: SetRequest;
  /** Of the call under way, on a view of this object that lives as long. */
  private readonly call: { readonly signal?: AbortSignal; readonly answers?: Answers } = {};

  static override lc_name(): string {
    return 'R4tRetriever';
  }

  constructor({ source, callbacks, tags, metadata, verbose, ...request }: R4tRetrieverInput) {
    super({ callbacks, tags, metadata, verbose });
    this.source = source;
    this.request = request;
  }

  override async _getRelevantDocuments(query: string): Promise<SetDocument[]> {
    const answered = (await this.call.answers)?.get(query);
    return answered ?? (await this.find([query], this.call.signal))[0];
  }

  override invoke(input: string, options?: Partial<RunnableConfig>): Promise<SetDocument[]> {
    const signal = options?.signal ?? this.call.signal;
    return super.invoke.call(this.during({ ...this.call, signal }), input, options) as Promise<SetDocument[]>;
  }

  override batch(inputs: string[], ...rest: BatchArguments): Promise<SetDocument[][]> {
    const [options] = rest;
    const { signal } = (Array.isArray(options) ? options[0] : options) ?? {};
    // Where one query is wrong they are answered one by one, so that only that one fails.
    const answers = this.find(inputs, signal).then(
      (found) => new Map(inputs.map((query, i) => [query, found[i]])),
      (error: unknown) => {
        if (isInvalid(error)) return undefined;
        throw error;
      },
    );
    // Each run reports it as its own.
    answers.catch(() => {});
    return super.batch.call(this.during({ signal, answers }), inputs, ...rest) as Promise<SetDocument[][]>;
  }

  private async find(queries: readonly string[], signal?: AbortSignal): Promise<SetDocument[][]> {
    return (await searchSets(this.source, queries, this.request, signal)).map(documentsOf);
  }

  private during(call: R4tRetriever['call']): this {
    return Object.create(this, { call: { value: call } }) as this;
  }
}

type Answers = Promise<ReadonlyMap<string, SetDocument[]> | undefined>;
type BatchArguments = Parameters<BaseRetriever['batch']> extends [unknown, ...infer Rest] ? Rest : never;

/** Whether the request is at fault, not the service or the way there. */
const isInvalid = (error: unknown): boolean =>
  error instanceof InputError || (error as { status?: unknown }).status === 400;

function documentsOf({ items, method }: FoundSet): SetDocument[] {
  return items.map(({ id, title, category, image, score, why, metadata: fields, text: pageContent }) => {
    const optional = { ...(category !== undefined && { category }), ...(image !== undefined && { image }) };
    return new Document({
      id,
      pageContent,
      metadata: { id, title, ...optional, score, why, method, fields },
    });
  });
}
