import type { Parameters, Value } from '../../engine/index.js';
import type { EmbeddedQueries } from '../../environment.js';
import { CounterRandom } from '../../random.js';
import type {
  Completion,
  CompletionFeeds,
  RolloutOptions,
  SampleOptions,
  TrainablePolicy,
} from '../policy.js';
import { Answers } from './answers.js';
import { completionFeeds, completionGraph } from './completions.js';
import { type FanOutExample, fanOutMessages } from './fanOutText.js';
import { generate } from './generate.js';
import type { LanguageModel } from './languageModel.js';
import type { ModelTokenizer } from './settings.js';

export interface PretrainedPolicyOptions {
  readonly model: LanguageModel;
  readonly tokenizer: ModelTokenizer;
  /** Sub-queries a completion. */
  readonly k: number;
  /** Shown to the model with every query. */
  readonly examples?: readonly FanOutExample[];
}

/** Tokens a sub-query at most, on average; a catalog's names and what people search for have two to six. */
export const TOKENS_A_LINE = 10;

/**
 * A pretrained language model that writes sub-queries, one a line, and is tuned by an adapter (see `lora.ts`). It holds native memory:
 * `release` it when done.
 */
export class PretrainedPolicy implements TrainablePolicy {
  readonly k: number;
  readonly training = {
    queriesPerUpdate: 8,
    queriesPerRun: 1,
    optimizer: { beta1: 0.9, beta2: 0.95 },
    emaDecay: 0.9,
  };
  private readonly answers: Answers;
  private readonly bias: Float32Array;

  constructor(private readonly options: PretrainedPolicyOptions) {
    const { model, tokenizer, k } = options;
    this.k = k;
    this.answers = new Answers(tokenizer, k);
    this.bias = this.answers.bias(model.config.settings.vocabularySize);
  }

  get parameters(): Parameters {
    return this.options.model.adapter;
  }

  set parameters(adapter: Parameters) {
    this.options.model.adapter = adapter;
  }

  get frozen(): Parameters {
    return this.options.model.frozen;
  }

  /** The same policy with another adapter, or as the model came; both hold the model's weights once. */
  withAdapter(adapter?: Parameters): PretrainedPolicy {
    return new PretrainedPolicy({ ...this.options, model: this.options.model.withAdapter(adapter) });
  }

  sample({ queries, streams = [...queries.keys()], seed, ...options }: SampleOptions): Promise<Completion[]> {
    const random = (q: number, sample: number) => new CounterRandom(seed, 'pretrained', streams[q], sample);
    return this.write(queries, random, options);
  }

  rollout(
    { texts }: EmbeddedQueries,
    { samplesPerQuery, step, seed, signal }: RolloutOptions,
  ): Promise<Completion[]> {
    const random = (q: number, sample: number) =>
      new CounterRandom(seed, 'pretrained/rollout', step, q, sample);
    return this.write(texts, random, { samplesPerQuery, signal });
  }

  private async write(
    queries: readonly string[],
    random: (query: number, sample: number) => CounterRandom,
    {
      samplesPerQuery = 1,
      temperature = 1,
      topP,
      signal,
      onProgress,
    }: Pick<SampleOptions, 'samplesPerQuery' | 'temperature' | 'topP' | 'signal' | 'onProgress'>,
  ): Promise<Completion[]> {
    const { model } = this.options;
    const written = await generate(model, queries.map(this.prompt), {
      samples: samplesPerQuery,
      temperature,
      topP,
      maxTokens: TOKENS_A_LINE * this.k,
      bias: this.bias,
      random,
      ended: this.answers.ended,
      signal,
      onDone: (done) => onProgress?.({ stage: 'policy/write', done, total: queries.length }),
    });
    return written.flatMap((continuations, q) =>
      continuations.map((continuation) => this.answers.completion(q, queries[q], continuation)),
    );
  }

  /** The tokens that ask for a query's sub-queries. */
  private readonly prompt = (query: string): Int32Array => {
    const { tokenizer, examples } = this.options;
    return tokenizer.chat(fanOutMessages(query, this.k, examples));
  };

  /** The tokens of the given sub-queries, as what the model is taught to write. */
  taught(lines: readonly string[]): Int32Array {
    return this.answers.tokens(lines.slice(0, this.k));
  }

  graph(): { readonly logProbs: Value; readonly weights: Value } {
    return completionGraph(this.options.model.config);
  }

  async feeds(
    { texts }: Pick<EmbeddedQueries, 'texts'>,
    completions: readonly Pick<Completion, 'tokens'>[],
  ): Promise<CompletionFeeds> {
    const { settings } = this.options.model.config;
    const tokens = completions.map((completion) => completion.tokens);
    return completionFeeds(settings, texts.map(this.prompt), tokens, this.bias);
  }

  async release(): Promise<void> {
    await this.options.model.release();
  }
}
