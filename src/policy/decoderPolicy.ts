import {
  encodeOnnx,
  type Feeds,
  floats,
  Graph,
  type Parameters,
  parameterFeeds,
  type RuntimeOptions,
  Session,
  type Tensor,
} from '../engine/index.js';
import { R4tError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import { CounterRandom } from '../random.js';
import { layOut, nearSize, nearTable, nextTokenFeeds, outputFeeds, promptOf, repeatRows } from './batch.js';
import { type DecoderConfig, nextTokenProbabilities, type Writes } from './decoder.js';
import { type Format, formatState, formatTable, maxCompletionTokens, parseCompletion } from './format.js';
import { KeyValueCache } from './keyValueCache.js';
import type { NearTokens, Neighbourhood } from './neighbourhood.js';
import type { Completion, Policy, SampleOptions } from './policy.js';
import { type Speller, spellerOf } from './speller.js';
import { PAD, SEPARATOR, type Tokenizer } from './tokenizer.js';

export interface DecoderPolicyOptions {
  readonly config: DecoderConfig;
  readonly tokenizer: Tokenizer;
  readonly format: Format;
  readonly parameters: Parameters;
  /** What the policy is told of the catalog near a query (nothing). */
  readonly neighbourhood?: Neighbourhood;
  /** Store the parameters inside the model: faster, but they can no longer be replaced (false). */
  readonly frozen?: boolean;
  readonly runtime?: RuntimeOptions;
}

/** Sequences decoded together: enough that a token's cost is arithmetic, few enough that the caches stay small. */
const BATCH = 128;

/**
 * The built-in policy: samples the decoder with a key-value cache, one `session.run` a token for the whole batch. It runs on
 * one thread: the operators of one token are too small to share (measured on two: slower).
 */
export class DecoderPolicy implements Policy {
  /** The weights to sample with; replace them after a training step (unless `frozen`). */
  parameters: Parameters;
  private readonly table: Tensor;

  private constructor(
    private readonly session: Session,
    private readonly options: DecoderPolicyOptions,
  ) {
    this.parameters = options.parameters;
    const { tokenizer } = options;
    this.table = { data: formatTable(tokenizer), dims: [3, tokenizer.size] };
  }

  static async create(options: DecoderPolicyOptions): Promise<DecoderPolicy> {
    const { config, frozen = false, parameters, neighbourhood, runtime } = options;
    if (config.writes !== 'anything' && !neighbourhood)
      throw new RangeError('a policy that writes what is near the query needs a neighbourhood');
    const graph = new Graph();
    const { probabilities, present } = nextTokenProbabilities(graph, config);
    const made = present.flatMap(({ keys, values }, i) => [
      [`present.${i}.keys`, keys],
      [`present.${i}.values`, values],
    ]);
    const outputs = { probabilities, ...Object.fromEntries(made) };
    const weights = new Map([...parameters].map(([name, { data }]) => [name, data]));
    const model = encodeOnnx(graph, { outputs, weights: frozen ? weights : undefined });
    return new DecoderPolicy(await Session.load(model, { ...runtime, threads: 1 }), options);
  }

  get k(): number {
    return this.options.format.k;
  }

  async sample(options: SampleOptions): Promise<Completion[]> {
    const { queries, samplesPerQuery = 1, signal, onProgress } = options;
    const prompts = queries.map((query) => this.options.tokenizer.encode(query));
    const near = await this.near(options.vectors, prompts);
    const hinted = prompts.map((prompt, i) => ({ prompt, near: near[i] }));
    const total = queries.length * samplesPerQuery;
    const completions = new Array<Completion>(total);
    // Completions of one query stand together, equally many of each: they have one vocabulary. It is filled up to the largest of its batch,
    // so queries with many words near them do not stand beside those with few.
    const order = [...queries.keys()].sort((a, b) => nearSize([hinted[a]]) - nearSize([hinted[b]]) || a - b);
    const most = Math.min(samplesPerQuery, BATCH);
    const together = Math.floor(BATCH / most);
    let done = 0;
    for (let sample = 0; sample < samplesPerQuery; sample += most) {
      const perQuery = Math.min(most, samplesPerQuery - sample);
      for (let first = 0; first < queries.length; first += together) {
        signal?.throwIfAborted();
        const count = Math.min(together, queries.length - first) * perQuery;
        const rows = Array.from({ length: count }, (_, i) => {
          const query = order[first + Math.floor(i / perQuery)];
          return { query, stream: options.streams?.[query] ?? query, sample: sample + (i % perQuery) };
        });
        const batch = await this.sampleBatch(rows, hinted, { ...options, samplesPerQuery: perQuery });
        batch.forEach((completion, i) => {
          completions[rows[i].query * samplesPerQuery + rows[i].sample] = completion;
        });
        done += count;
        onProgress?.({ stage: 'policy/sample', done, total });
      }
    }
    return completions;
  }

  /** What is near queries [n, d] with these tokens; nothing where the policy has no neighbourhood. */
  async near(queries: Matrix, prompts: readonly (readonly number[])[]): Promise<readonly NearTokens[]> {
    return (await this.options.neighbourhood?.near(queries, prompts)) ?? [];
  }

  /** Frees the native model. */
  async release(): Promise<void> {
    await this.session.release();
  }

  private async sampleBatch(
    rows: readonly { query: number; stream: string | number; sample: number }[],
    hinted: readonly { readonly prompt: number[]; readonly near?: NearTokens }[],
    { vectors, seed, temperature = 1, topP = 1, samplesPerQuery: perQuery = 1 }: SampleOptions,
  ): Promise<Completion[]> {
    const { config, format, tokenizer } = this.options;
    const told = rows.map(({ query }) => hinted[query]);
    const local = config.writes !== 'anything';
    const choosers = local ? told.filter((_, i) => i % perQuery === 0) : told;
    const groups = local ? [choosers.length, perQuery] : [rows.length, 1];
    const size = local ? nearSize(choosers) : tokenizer.size;
    const writers = rows.map(
      ({ query, stream, sample }) =>
        new CompletionWriter(
          format,
          new CounterRandom(seed, 'policy/sample', stream, sample),
          config.writes,
          local ? hinted[query].near : undefined,
        ),
    );
    const fixed = {
      ...(this.options.frozen ? {} : parameterFeeds(this.parameters)),
      condition: repeatRows(
        vectors,
        rows.map(({ query }) => query),
      ),
      ...outputFeeds(choosers, config),
      ...(local && {
        table: nearTable(choosers, this.parameters.get('embedding')!.data, config.width),
      }),
      inverseTemperature: { data: Float32Array.of(temperature > 0 ? 1 / temperature : 1), dims: [] },
    };
    const draw = temperature > 0 ? (topP < 1 ? nucleus(topP) : drawToken) : likeliest;
    const next = local ? nextTokenFeeds([...groups, size]) : undefined;
    const permitted = (): Feeds => {
      if (next) {
        writers.forEach(({ speller, done }, i) => {
          if (!done) speller?.describe(next.at(i));
        });
        return next.feeds;
      }
      const states = Int32Array.from(writers, (w) => w.state);
      return { formatTable: this.table, states: { data: states, dims: groups } };
    };
    const prompts = told.map(({ prompt }) => promptOf(prompt));
    let input = layOut(prompts);
    let added = Int32Array.from(prompts, ({ length }) => length);
    const cache = new KeyValueCache(rows.length, config);
    for (let step = 0; step < maxCompletionTokens(format) && writers.some((w) => !w.done); step++) {
      const time = input.dims[1];
      const result = await this.session.run({
        ...fixed,
        ...cache.feeds(time),
        tokens: input,
        // A completion that is done is asked once more with the others, and its answer left.
        choices: { data: added.map((n, row) => row * time + Math.max(n, 1) - 1), dims: groups },
        ...permitted(),
      });
      cache.add(result, added, time);
      const probabilities = floats(result.probabilities);
      const written = new Int32Array(rows.length).fill(PAD);
      writers.forEach((writer, i) => {
        if (writer.done) return;
        const distribution = probabilities.subarray(i * size, (i + 1) * size);
        const drawn = draw(distribution, writer.random.uniform());
        const logProb = Math.log(distribution[drawn]);
        if (!Number.isFinite(logProb))
          throw new R4tError('the policy gives no finite probabilities; its parameters are damaged');
        written[i] = writer.write(drawn, logProb, entropyOf(distribution));
      });
      input = { data: written, dims: [rows.length, 1] };
      added = Int32Array.from(writers, (writer) => (writer.done ? 0 : 1));
    }
    return writers.map((writer, i) => ({
      query: rows[i].query,
      subQueries: parseCompletion(writer.tokens, tokenizer),
      tokens: Int32Array.from(writer.tokens),
      logProbs: Float32Array.from(writer.logProbs),
      entropies: Float32Array.from(writer.entropies),
    }));
  }
}

/** One completion while it is being written, by the format's rules or of what is near the query. */
class CompletionWriter {
  readonly tokens: number[] = [];
  readonly logProbs: number[] = [];
  readonly entropies: number[] = [];
  readonly speller: Speller | undefined;
  private length = 0;
  private subQueries = 0;

  constructor(
    private readonly format: Format,
    readonly random: CounterRandom,
    writes: Writes,
    /** The tokens to choose from, where these are few. */
    private readonly near?: NearTokens,
  ) {
    this.speller = near && spellerOf(near, writes, format);
  }

  get done(): boolean {
    return this.subQueries === this.format.k;
  }

  get state(): number {
    return formatState(this.length, this.format);
  }

  /** Takes what was drawn, a position in the vocabulary; returns the token. */
  write(drawn: number, logProb: number, entropy: number): number {
    const token = this.near ? this.near.tokens[drawn] : drawn;
    this.tokens.push(token);
    this.speller?.write(drawn);
    this.logProbs.push(logProb);
    this.entropies.push(entropy);
    if (token === SEPARATOR) {
      this.subQueries++;
      this.length = 0;
    } else {
      this.length++;
    }
    return token;
  }
}

/** In nats. */
function entropyOf(probabilities: Float32Array): number {
  let entropy = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i];
    if (p > 0) entropy -= p * Math.log(p);
  }
  return entropy;
}

/** Inverse-CDF sampling: the token in whose share of [0, 1) `u` falls. */
function drawToken(probabilities: Float32Array, u: number): number {
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    const p = probabilities[i];
    if (p <= 0) continue;
    u -= p;
    last = i;
    if (u < 0) break;
  }
  return last;
}

/** Draws from the smallest set of tokens with total probability `topP` (Holtzman et al. 2020). */
const nucleus =
  (topP: number) =>
  (probabilities: Float32Array, u: number): number => {
    const order = Array.from(probabilities.keys())
      .filter((i) => probabilities[i] > 0)
      .sort((a, b) => probabilities[b] - probabilities[a] || a - b);
    let kept = 0;
    let total = 0;
    while (kept < order.length && total < topP) total += probabilities[order[kept++]];
    let rest = u * total;
    for (let i = 0; i < kept; i++) {
      rest -= probabilities[order[i]];
      if (rest < 0) return order[i];
    }
    return order[kept - 1];
  };

function likeliest(probabilities: Float32Array): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i] > probabilities[best]) best = i;
  return best;
}
