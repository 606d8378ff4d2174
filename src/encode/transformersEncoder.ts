import type { RuntimeOptions } from '../engine/index.js';
import { InputError } from '../errors.js';
import { type Matrix, matrix, row } from '../matrix.js';
import type { RunControl } from '../progress.js';
import type { Encoder } from './encoder.js';
import { inBatches } from './inBatches.js';
import type { TextReading } from './textReading.js';
import { loadingOptions, loadParts, modelName, transformersLibrary } from './transformersLibrary.js';

export interface TransformersOptions extends RuntimeOptions {
  /** A folder in the layout of transformers.js (absolute, or beginning with a dot), or the name of a model on the Hugging Face hub. */
  readonly model: string;
  /** The 8-bit weights (false). */
  readonly quantized?: boolean;
  /** How the vectors of a text's tokens become one: their mean, the first one, or the model does it itself (`none`) ('mean'). */
  readonly pooling?: 'mean' | 'cls' | 'none';
  readonly signal?: AbortSignal;
}

/** Texts encoded together. */
const BATCH = 32;

/** Of a tensor of the library, what is read. */
interface OutputTensor {
  readonly data: unknown;
  readonly dims: readonly number[];
}
type Outputs = Readonly<Record<string, OutputTensor | undefined>>;
type Pool = (outputs: Outputs, mask: OutputTensor | undefined) => Matrix;

/**
 * A feature-extraction model through the optional package `@huggingface/transformers`
 * (https://huggingface.co/docs/transformers.js): sentence-transformers, E5, BGE, GTE and others, in many languages. A text that is
 * longer than the model takes is cut.
 *
 * @example
 * const encoder = await TransformersEncoder.load({ model: './models/all-MiniLM-L6-v2' });
 */
export class TransformersEncoder implements Encoder {
  private constructor(
    readonly id: string,
    readonly dim: number,
    private readonly batch: (texts: readonly string[]) => Promise<Matrix>,
    readonly reads: (text: string) => TextReading,
  ) {}

  /** @throws InputError if the package is missing, or the model cannot be loaded or pooled so */
  static async load(options: TransformersOptions): Promise<TransformersEncoder> {
    const { model, quantized = false, pooling = 'mean', signal, ...runtime } = options;
    const { AutoModel, AutoTokenizer } = await transformersLibrary();
    const choice = { model, quantized, files: ['model'] };
    const name = await modelName(choice);
    signal?.throwIfAborted();
    const loading = loadingOptions(choice, runtime);
    const [tokenizer, network] = await loadParts(model, () =>
      Promise.all([AutoTokenizer.from_pretrained(model, loading), AutoModel.from_pretrained(model, loading)]),
    );
    signal?.throwIfAborted();
    const pool = POOLS[pooling];
    const batch = async (texts: readonly string[]): Promise<Matrix> => {
      const inputs = tokenizer([...texts], { padding: true, truncation: true });
      return pool((await network(inputs)) as Outputs, inputs.attention_mask);
    };
    const { cols } = await batch(['text']);
    const reads = (text: string): TextReading => {
      const ids = tokenizer.encode(text, { add_special_tokens: false });
      const special = tokenizer.encode('').length;
      const known = ids.filter((id) => id !== tokenizer.unk_token_id).length;
      const isCut = ids.length + special > Number(tokenizer.model_max_length ?? Number.POSITIVE_INFINITY);
      return { known: ids.length === 0 ? 1 : known / ids.length, isCut };
    };
    return new TransformersEncoder(`transformers/${name}/${pooling}`, cols, batch, reads);
  }

  /** Whether any of the text's tokens is in the vocabulary. */
  knows(text: string): boolean {
    return this.reads(text).known > 0;
  }

  /** `texts` -> [texts.length, dim], rows of unit length. */
  encode(texts: readonly string[], control: RunControl = {}): Promise<Matrix> {
    const { signal, onProgress } = control;
    return inBatches(texts, this.batch, {
      size: BATCH,
      dim: this.dim,
      sizeOf: (text) => text.length,
      signal,
      onProgress,
    });
  }
}

const POOLS: Readonly<Record<NonNullable<TransformersOptions['pooling']>, Pool>> = {
  mean: (outputs, mask) => {
    const { data, texts, tokens, width } = tokenVectors(outputs);
    // 64-bit integers; a model without padding has no mask.
    const weights = mask?.data as BigInt64Array | undefined;
    const out = matrix(texts, width);
    for (let i = 0; i < texts * tokens; i++) {
      if (weights && weights[i] === 0n) continue;
      const sum = row(out, Math.floor(i / tokens));
      for (let j = 0; j < width; j++) sum[j] += data[i * width + j];
    }
    return out;
  },
  cls: (outputs) => {
    const { data, texts, tokens, width } = tokenVectors(outputs);
    const out = matrix(texts, width);
    for (let i = 0; i < texts; i++) {
      row(out, i).set(data.subarray(i * tokens * width, (i * tokens + 1) * width));
    }
    return out;
  },
  none: (outputs) => {
    const pooled = outputs.sentence_embedding ?? outputs.text_embeds ?? outputs.pooler_output;
    if (pooled?.dims.length !== 2)
      throw badPooling('the model gives no vector of a whole text; use "mean" or "cls"');
    return matrix(pooled.dims[0], pooled.dims[1], pooled.data as Float32Array);
  },
};

function tokenVectors({ last_hidden_state, token_embeddings }: Outputs) {
  const tensor = last_hidden_state ?? token_embeddings;
  if (tensor?.dims.length !== 3) throw badPooling('the model gives no vectors of tokens; use "none"');
  const [texts, tokens, width] = tensor.dims;
  return { data: tensor.data as Float32Array, texts, tokens, width };
}

const badPooling = (problem: string) => new InputError(problem, { field: 'encoder.pooling' });
