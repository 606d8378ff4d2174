/** What a decoder-only language model is made of, and what its files give: the border between readers of files and the engine. */

export const ARCHITECTURES = ['llama', 'qwen2', 'qwen3', 'gemma3'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Changes to the rotary frequencies of a model that was stretched beyond the context it was first trained on. */
export interface RopeScaling {
  readonly kind: 'linear' | 'llama3';
  readonly factor: number;
  /** llama3: wavelengths longer than originalPositions / lowFrequencyFactor are scaled in full. */
  readonly lowFrequencyFactor?: number;
  /** llama3: wavelengths shorter than originalPositions / highFrequencyFactor stay as they are. */
  readonly highFrequencyFactor?: number;
  readonly originalPositions?: number;
}

/** Sizes and variants, from `config.json` or GGUF metadata. Plain JSON. */
export interface LanguageModelSettings {
  readonly architecture: Architecture;
  readonly vocabularySize: number;
  /** Width of the residual stream. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headWidth: number;
  readonly feedForwardWidth: number;
  readonly normEpsilon: number;
  readonly maxPositions: number;
  /** Whether the output layer is the transposed embedding table. */
  readonly tiedEmbeddings: boolean;
  readonly rope: {
    readonly theta: number;
    /** Base of the layers that attend to a window only (Gemma3); never scaled. */
    readonly localTheta?: number;
    readonly scaling?: RopeScaling;
  };
  /** Positions, itself included, that a local layer attends to. */
  readonly slidingWindow?: number;
  /** One flag a layer: true attends to a window only. */
  readonly localLayers?: readonly boolean[];
  /** Factor on the attention's logits (headWidth ** -0.5). */
  readonly queryScale?: number;
}

/** Weights under the names and in the layout of Hugging Face (`model.layers.0.self_attn.q_proj.weight`, [out, in]), read one at a time. */
export interface WeightFile {
  readonly settings: LanguageModelSettings;
  readonly names: readonly string[];
  shape(name: string): readonly number[];
  /** The tensor as float32, row-major. */
  read(name: string): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** Text to token ids and back, with the model's chat template. */
export interface ModelTokenizer {
  encode(text: string): Int32Array;
  decode(ids: ArrayLike<number>): string;
  /** Tokens that end an answer. */
  readonly endIds: readonly number[];
  /** The messages in the model's template, up to and including the prompt of the assistant's answer. */
  chat(messages: readonly ChatMessage[]): Int32Array;
}
