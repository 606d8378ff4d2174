/** Continues prompts token by token: a prompt is read once, and its keys and values are shared by all its samples. */
import { type Feeds, floats } from '../../engine/index.js';
import { InputError } from '../../errors.js';
import type { CounterRandom } from '../../random.js';
import { drawToken, likeliest } from './draw.js';
import { hasLocalLayers } from './graphs.js';
import { KeyValues } from './keyValues.js';
import type { LanguageModel } from './languageModel.js';
import { placeFeeds, readPrompts } from './readPrompts.js';
import type { LanguageModelSettings } from './settings.js';

export interface GenerateOptions {
  /** Continuations a prompt. */
  readonly samples: number;
  /** 0 takes the likeliest token every time. */
  readonly temperature: number;
  readonly topP?: number;
  /** Tokens a continuation at most. */
  readonly maxTokens: number;
  /** Added to the logits, [vocabularySize]: `NEVER` where a token must not be said. */
  readonly bias: Float32Array;
  /** By number of the prompt and of the sample. */
  readonly random: (prompt: number, sample: number) => CounterRandom;
  /** Whether a continuation ends with its last token. */
  readonly ended: (tokens: readonly number[]) => boolean;
  readonly signal?: AbortSignal;
  /** Called with the number of prompts that are done. */
  readonly onDone?: (prompts: number) => void;
}

export interface Continuation {
  readonly tokens: number[];
  /** Natural-log probability of each token at the temperature (at 0: at 1), and its distribution's entropy in nats. */
  readonly logProbs: number[];
  readonly entropies: number[];
}

/** Continuations that are written at a time: more use the processor better, and hold more keys and values. */
const AT_ONCE = 64;

/** `samples` continuations of each prompt. */
export async function generate(
  model: LanguageModel,
  prompts: readonly Int32Array[],
  options: GenerateOptions,
): Promise<Continuation[][]> {
  const { settings } = model.config;
  for (const { length } of prompts) checkLength(length, options.maxTokens, settings);
  // Equal groups of samples, so that one graph of a step does for all; what they hold beyond `samples` is left out.
  const groups = Math.ceil(options.samples / AT_ONCE);
  const size = Math.ceil(options.samples / groups);
  const rows = prompts.flatMap((_, prompt) =>
    Array.from({ length: groups }, (_, group) => ({ prompt, first: group * size })),
  );
  const written: Continuation[][] = prompts.map(() => []);
  const rowsAtOnce = Math.max(1, Math.floor(AT_ONCE / size));
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const part = rows.slice(start, start + rowsAtOnce);
    const own = part.map(({ prompt }) => prompts[prompt]);
    const streams = part.map(({ prompt, first }) =>
      Array.from({ length: size }, (_, sample) => options.random(prompt, first + sample)),
    );
    const continued = await continueRows(model, own, streams, options);
    part.forEach(({ prompt }, r) => {
      written[prompt].push(...continued[r]);
    });
    options.onDone?.(Math.floor(Math.min(start + rowsAtOnce, rows.length) / groups));
  }
  return written.map((continuations) => continuations.slice(0, options.samples));
}

/** @throws InputError if a prompt and what follows it may not fit in the model's context */
export function checkLength(
  prompt: number,
  maxTokens: number,
  { maxPositions }: LanguageModelSettings,
): void {
  if (prompt + maxTokens > maxPositions)
    throw new InputError(
      `a prompt of ${prompt} tokens and ${maxTokens} to write do not fit in the model's context of ${maxPositions}; use fewer or shorter examples`,
    );
}

/** A continuation in the making. */
class Writer implements Continuation {
  readonly tokens: number[] = [];
  readonly logProbs: number[] = [];
  readonly entropies: number[] = [];
  open = true;

  constructor(
    private readonly random: CounterRandom,
    private readonly options: GenerateOptions,
  ) {}

  /** Goes on by a token of the distribution, where it has not ended. */
  take(probabilities: Float32Array, entropy: number): void {
    if (!this.open) return;
    const { temperature, topP, maxTokens, ended } = this.options;
    const token =
      temperature > 0 ? drawToken(probabilities, this.random.uniform(), topP) : likeliest(probabilities);
    this.tokens.push(token);
    this.logProbs.push(Math.log(probabilities[token]));
    this.entropies.push(entropy);
    this.open = this.tokens.length < maxTokens && !ended(this.tokens);
  }
}

/** As many continuations of each prompt as it has streams of random numbers; all have equally many. */
async function continueRows(
  model: LanguageModel,
  prompts: readonly Int32Array[],
  streams: readonly (readonly CounterRandom[])[],
  options: GenerateOptions,
): Promise<Continuation[][]> {
  const { settings } = model.config;
  const { vocabularySize, keyValueHeads, slidingWindow } = settings;
  const { bias, temperature, signal } = options;
  const samples = streams[0].length;
  const fixed: Feeds = {
    ...model.feeds,
    bias: { data: bias, dims: [vocabularySize] },
    sharpness: { data: Float32Array.of(temperature > 0 ? 1 / temperature : 1), dims: [] },
  };
  const rows = streams.map((of) => of.map((random) => new Writer(random, options)));
  const writers = rows.flat();
  const distribution = (of: Float32Array, i: number) =>
    of.subarray(i * vocabularySize, (i + 1) * vocabularySize);
  const read = await readPrompts(model, prompts, fixed, signal);
  rows.forEach((row, r) => {
    for (const writer of row) writer.take(distribution(read.probabilities, r), read.entropies[r]);
  });
  const step = await model.step(samples);
  const own = new KeyValues(settings, writers.length * keyValueHeads);
  while (writers.some(({ open }) => open)) {
    signal?.throwIfAborted();
    const last = Int32Array.from(writers, ({ tokens }) => tokens[tokens.length - 1]);
    const result = await step.run({
      ...fixed,
      ...read.feeds,
      ...placeFeeds(settings, prompts, own.length),
      tokens: { data: last, dims: [rows.length, samples] },
      ...own.feeds('own', [rows.length, keyValueHeads, samples]),
      'own.mask': own.mask(),
      ...(hasLocalLayers(settings) ? { 'local.own.mask': own.mask(slidingWindow) } : {}),
    });
    own.append(result);
    const [probabilities, entropies] = [floats(result.probabilities), floats(result.entropies)];
    writers.forEach((writer, i) => {
      writer.take(distribution(probabilities, i), entropies[i]);
    });
  }
  return rows;
}
