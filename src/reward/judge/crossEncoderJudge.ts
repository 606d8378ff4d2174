/** A judge that is a model of sequence classification: it reads the query and an item together. */
import pLimit from 'p-limit';
import {
  loadingOptions,
  loadParts,
  modelName,
  transformersLibrary,
} from '../../encode/transformersLibrary.js';
import type { RuntimeOptions } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import { Judge, type JudgeFunction } from './judge.js';

export interface CrossEncoderOptions extends RuntimeOptions {
  /** A folder in the layout of transformers.js (absolute, or beginning with a dot), or the name of a model on the Hugging Face hub. */
  readonly model: string;
  /** The 8-bit weights (false). */
  readonly quantized?: boolean;
  readonly signal?: AbortSignal;
}

/** Pairs read together: what bounds the memory. */
const BATCH = 16;
const FIELD = 'reward.judge';

/** What the folder of such a model has in `onnx/`. */
export const CROSS_ENCODER_FILES: readonly string[] = ['model'];

interface Logits {
  readonly data: ArrayLike<number>;
  readonly dims: readonly number[];
}

/**
 * Opens a cross-encoder through the optional package `@huggingface/transformers` (https://huggingface.co/docs/transformers.js), such as
 * a reranker: what it says of a pair of query and item text, as a probability. A pair that is longer than the model takes is cut.
 *
 * @throws InputError if the package is missing, the model cannot be loaded, or does not give one number a pair
 */
export async function openCrossEncoder(options: CrossEncoderOptions): Promise<Judge> {
  const { model, quantized = false, signal, ...runtime } = options;
  const { AutoModelForSequenceClassification, AutoTokenizer } = await transformersLibrary(FIELD);
  const choice = { model, quantized, files: CROSS_ENCODER_FILES };
  // Says what a folder lacks.
  await modelName(choice);
  signal?.throwIfAborted();
  const loading = loadingOptions(choice, runtime);
  const [tokenizer, network] = await loadParts(
    model,
    () =>
      Promise.all([
        AutoTokenizer.from_pretrained(model, loading),
        AutoModelForSequenceClassification.from_pretrained(model, loading),
      ]),
    FIELD,
  );
  const batch = async (query: string, texts: readonly string[]): Promise<number[]> => {
    const queries = texts.map(() => query);
    const inputs = tokenizer(queries, { text_pair: [...texts], padding: true, truncation: true });
    const { logits } = (await network(inputs)) as { readonly logits?: Logits };
    return Array.from(oneEach(logits, texts.length), sigmoid);
  };
  try {
    await batch('query', ['item']);
  } catch (error) {
    await network.dispose();
    throw error;
  }
  // One batch at a time, whoever asks.
  const turn = pLimit(1);
  const ask: JudgeFunction = async ({ query, items }, { signal } = {}) => {
    const relevance = new Float64Array(items.length);
    // Texts of like length together: little is padded.
    const order = [...items.keys()].sort((a, b) => items[a].text.length - items[b].text.length);
    for (let start = 0; start < order.length; start += BATCH) {
      const some = order.slice(start, start + BATCH);
      const texts = some.map((i) => items[i].text);
      const said = await turn(() => {
        signal?.throwIfAborted();
        return batch(query, texts);
      });
      some.forEach((i, j) => {
        relevance[i] = said[j];
      });
    }
    return relevance;
  };
  return new Judge(ask, () => turn(async () => void (await network.dispose())));
}

/** @throws InputError where the model does not give one number a pair */
function oneEach(logits: Logits | undefined, pairs: number): ArrayLike<number> {
  if (logits?.dims.length === 2 && logits.dims[0] === pairs && logits.dims[1] === 1) return logits.data;
  const form = logits?.dims.length === 2 ? `${logits.dims[1]} labels` : 'no labels';
  throw new InputError(
    `the model gives ${form} for a pair of texts, and a judge needs one; take a reranker, such as Xenova/ms-marco-MiniLM-L-6-v2`,
    { field: `${FIELD}.model` },
  );
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
