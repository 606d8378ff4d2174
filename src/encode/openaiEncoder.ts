import { R4tError } from '../errors.js';
import { ChatError, chatError } from '../llm/chatError.js';
import { type Endpoint, MAX_RETRIES, serviceRoot } from '../llm/endpoint.js';
import { inParallel } from '../llm/inParallel.js';
import { openEmbeddings } from '../llm/provider.js';
import { type Matrix, matrix, normalizeRows, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder, EncodingWork } from './encoder.js';
import { VectorCache, type VectorCacheOptions } from './vectorCache.js';

export interface OpenAiEncoderOptions extends Omit<Endpoint, 'provider'> {
  readonly baseUrl: string;
  /** Length of the vectors to ask for (the model's own). */
  readonly dimensions?: number;
  /** Where vectors are kept, so that no text is paid for twice (nowhere). */
  readonly cache?: VectorCacheOptions;
  readonly signal?: AbortSignal;
}

type Embeddings = Awaited<ReturnType<typeof openEmbeddings>>;

/** Texts and characters of a request, and requests at a time: below the limits of the endpoints that are known. */
const BATCH = { texts: 128, characters: 100_000 };
const CONCURRENCY = 4;

/**
 * A model behind an endpoint that speaks OpenAI's embeddings (https://platform.openai.com/docs/api-reference/embeddings): OpenAI,
 * Ollama, vLLM, llama.cpp, text-embeddings-inference.
 *
 * @example
 * const encoder = await OpenAiEncoder.load({ baseUrl: 'http://localhost:11434/v1', model: 'nomic-embed-text' });
 */
export class OpenAiEncoder implements Encoder {
  readonly id: string;

  private constructor(
    private readonly url: URL,
    private readonly embeddings: Embeddings,
    readonly dim: number,
    private readonly options: OpenAiEncoderOptions,
    private readonly cache: VectorCache | undefined,
  ) {
    this.id = `openai/${options.model}/${dim}`;
  }

  /**
   * Without `dimensions` and anything kept, one request tells the length of the vectors.
   *
   * @throws InputError for a malformed `baseUrl`, ChatError if the endpoint does not answer
   */
  static async load(options: OpenAiEncoderOptions): Promise<OpenAiEncoder> {
    const { baseUrl, model, dimensions, cache: place, signal } = options;
    const url = new URL(serviceRoot(baseUrl).url);
    const embeddings = await openEmbeddings(options);
    const dim =
      dimensions ??
      (place && (await VectorCache.dimOf(place.folder, model))) ??
      (await embed(embeddings, ['text'], options, signal)).cols;
    return new OpenAiEncoder(
      url,
      embeddings,
      dim,
      options,
      place && (await VectorCache.open(model, dim, place)),
    );
  }

  /**
   * `texts` -> [texts.length, dim], rows of unit length.
   *
   * @throws ChatError if the endpoint does not answer, or with vectors of another length
   */
  async encode(texts: readonly string[], { signal, onProgress }: RunControl = {}): Promise<Matrix> {
    const { cache, dim } = this;
    const out = matrix(texts.length, dim);
    const places = new Map<string, number[]>();
    texts.forEach((text, i) => {
      const known = places.get(text);
      if (known) known.push(i);
      else places.set(text, [i]);
    });
    const put = (keys: readonly string[], vectors: Matrix) =>
      keys.forEach((text, i) => {
        for (const place of places.get(text) ?? []) row(out, place).set(row(vectors, i));
      });
    const kept = [...places.keys()].filter((text) => cache?.has(text));
    if (cache) put(kept, await cache.get(kept));
    const fresh = [...places.keys()].filter((text) => !cache?.has(text));
    let done = texts.length - fresh.length;
    await inParallel(
      batchesOf(fresh),
      async (batch, stop) => {
        const vectors = await this.#embed(batch, stop);
        await cache?.add(batch, vectors);
        put(batch, vectors);
        done += batch.length;
        onProgress?.({ stage: 'encode', done, total: texts.length });
      },
      { concurrency: CONCURRENCY, signal },
    );
    return out;
  }

  /** Counts what is not kept yet. */
  async cost({ queries, items }: EncodingWork): Promise<string | undefined> {
    const texts = [...new Set([...queries, ...items.map(({ text }) => text)])];
    const fresh = texts.filter((text) => !this.cache?.has(text));
    if (fresh.length === 0) return undefined;
    const characters = fresh.reduce((sum, text) => sum + text.length, 0);
    const known = texts.length - fresh.length;
    const figures = `${fresh.length.toLocaleString('en')} texts of ${characters.toLocaleString('en')} characters`;
    return (
      `${figures} are sent to ${this.url.origin} (${this.options.model})` +
      `${known === 0 ? '' : `, ${known.toLocaleString('en')} are kept from before`}; later stages send sub-queries`
    );
  }

  async #embed(batch: readonly string[], signal: AbortSignal): Promise<Matrix> {
    const vectors = await embed(this.embeddings, batch, this.options, signal);
    if (vectors.cols === this.dim) return vectors;
    throw new R4tError(
      `${this.url.origin} gives vectors of length ${vectors.cols} for the model "${this.options.model}", expected ${this.dim}; ` +
        'leave the setting "dimensions" out for the model\'s own length',
    );
  }
}

/** Parts of a list that fit into one request each. */
function batchesOf(texts: readonly string[]): string[][] {
  const batches: string[][] = [];
  let characters = 0;
  for (const text of texts) {
    const last = batches.at(-1);
    if (last && last.length < BATCH.texts && characters + text.length <= BATCH.characters) {
      last.push(text);
      characters += text.length;
    } else {
      batches.push([text]);
      characters = text.length;
    }
  }
  return batches;
}

/** One request: unit rows [texts.length, the model's length]. */
async function embed(
  model: Embeddings,
  texts: readonly string[],
  options: OpenAiEncoderOptions,
  signal: AbortSignal | undefined,
): Promise<Matrix> {
  const { embedMany } = await import('ai');
  const { dimensions, maxRetries = MAX_RETRIES } = options;
  try {
    const { embeddings } = await embedMany({
      model,
      // Endpoints refuse the empty text.
      values: texts.map((text) => text || ' '),
      ...(dimensions !== undefined && { providerOptions: { endpoint: { dimensions } } }),
      maxRetries,
      abortSignal: signal,
    });
    return vectorsOf(embeddings, texts.length, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw await chatError(error, options);
  }
}

function vectorsOf(
  embeddings: readonly number[][],
  count: number,
  { baseUrl }: OpenAiEncoderOptions,
): Matrix {
  const dim = embeddings[0]?.length ?? 0;
  const isWhole = dim > 0 && embeddings.length === count;
  if (!isWhole || embeddings.some((one) => one.length !== dim || !one.every(Number.isFinite))) {
    const { url } = serviceRoot(baseUrl);
    throw new ChatError(`${url}/embeddings did not answer with a vector for each text`, url);
  }
  const out = matrix(count, dim);
  embeddings.forEach((vector, i) => {
    row(out, i).set(vector);
  });
  return normalizeRows(out);
}
