/** Writes with a GGUF file, in this process, through the optional package `node-llama-cpp` (https://node-llama-cpp.withcat.ai). */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { InputError } from '../../errors.js';
import { checkInputFile } from '../../inputFile.js';
import type { ChatMessage } from '../../llm/chat.js';
import { parseFanOut } from './prompt.js';
import type { WriteOptions, Writer, Written } from './writer.js';

/** The parts of node-llama-cpp (3.x) that are used here. */
export interface LlamaLibrary {
  getLlama(options: { gpu: 'auto' | false; logLevel: 'error'; maxThreads: number }): Promise<Llama>;
  LlamaChatSession: new (options: {
    contextSequence: unknown;
    chatWrapper: 'auto';
    contextShift?: undefined;
  }) => ChatSession;
}

interface Llama {
  loadModel(options: { modelPath: string; loadSignal?: AbortSignal }): Promise<LlamaModel>;
  createGrammarForJsonSchema(schema: object): Promise<unknown>;
  dispose(): Promise<void>;
}

interface LlamaModel {
  readonly trainContextSize: number;
  tokenize(text: string): readonly unknown[];
  createContext(options: {
    sequences: number;
    contextSize: number;
    threads: number;
    createSignal?: AbortSignal;
  }): Promise<{ getSequence(): unknown; dispose(): Promise<void> }>;
  dispose(): Promise<void>;
}

interface ChatSession {
  setChatHistory(history: readonly object[]): void;
  prompt(text: string, options: object): Promise<string>;
}

export interface GgufWriterOptions {
  /** Path of the file. */
  readonly file: string;
  /** Fan-outs written at the same time, in one batch of the model. */
  readonly sequences: number;
  readonly k: number;
  /** A prompt as long as any that is to come, but for the query. */
  readonly longest: readonly ChatMessage[];
  /** Threads to compute with (one a core). */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** In place of the installed package. */
  readonly library?: LlamaLibrary;
}

const PACKAGE = 'node-llama-cpp';
/** Tokens that a sub-query has at most, and those of a query with what a chat template puts around messages. */
const [SUB_QUERY_TOKENS, MESSAGE_TOKENS, QUERY_TOKENS] = [24, 8, 128];
/** llama.cpp has contexts in these steps. */
const CONTEXT_STEP = 256;
/** Characters of a sub-query. */
const LONGEST = 60;

export class GgufWriter implements Writer {
  readonly model: string;
  readonly place: string;
  readonly concurrency: number;

  private constructor(
    { file, sequences }: GgufWriterOptions,
    /** Those that are not writing. */
    private readonly free: ChatSession[],
    private readonly grammarOf: (least: number) => Promise<unknown>,
    private readonly close: () => Promise<void>,
  ) {
    this.model = nameOfGguf(file);
    this.place = file;
    this.concurrency = sequences;
  }

  /** @throws InputError if the file or the package is missing, the file is no model, or the prompt is longer than its context */
  static async open(options: GgufWriterOptions): Promise<GgufWriter> {
    const { file, sequences, k, longest, threads = availableParallelism(), signal } = options;
    await checkInputFile(file);
    const library = options.library ?? (await llamaLibrary());
    const llama = await library.getLlama({ gpu: 'auto', logLevel: 'error', maxThreads: threads });
    try {
      const model = await loadModel(llama, file, signal);
      const contextSize = contextSizeOf(model, { file, k, longest });
      const context = await model.createContext({ sequences, contextSize, threads, createSignal: signal });
      const sessions = Array.from(
        { length: sequences },
        () => new library.LlamaChatSession({ contextSequence: context.getSequence(), chatWrapper: 'auto' }),
      );
      const grammars = new Map<number, Promise<unknown>>();
      const grammarOf = (least: number) => {
        const known = grammars.get(least) ?? llama.createGrammarForJsonSchema(schemaOf(k, least));
        grammars.set(least, known);
        return known;
      };
      return new GgufWriter(options, sessions, grammarOf, () => llama.dispose());
    } catch (error) {
      await llama.dispose();
      signal?.throwIfAborted();
      throw error;
    }
  }

  /** A session keeps what it has read, so what all prompts begin with is read once a session. */
  async write(
    messages: readonly ChatMessage[],
    { k, least, temperature, topP, seed, signal }: WriteOptions,
  ): Promise<Written> {
    const session = this.free.pop();
    if (!session) throw new Error(`more than ${this.concurrency} fan-outs are written at the same time`);
    const history = messages
      .slice(0, -1)
      .map(({ role, content }) =>
        role === 'assistant' ? { type: 'model', response: [content] } : { type: role, text: content },
      );
    try {
      session.setChatHistory(history);
      const text = await session.prompt(messages.at(-1)?.content ?? '', {
        grammar: await this.grammarOf(least),
        temperature,
        topP,
        seed,
        maxTokens: k * SUB_QUERY_TOKENS,
        signal,
      });
      return { subQueries: parseFanOut(text, k) };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof SyntaxError || (error as Error).name === 'ZodError')
        return { problem: 'its answer ends before the list does' };
      throw error;
    } finally {
      this.free.push(session);
    }
  }

  async release(): Promise<void> {
    await this.close();
  }
}

/** What records call the model of a file. */
export const nameOfGguf = (file: string): string => basename(file, '.gguf');

async function llamaLibrary(): Promise<LlamaLibrary> {
  try {
    // Named by a variable: the compiler needs no types of a package that may not be there.
    const name: string = PACKAGE;
    return (await import(name)) as LlamaLibrary;
  } catch (cause) {
    throw new InputError(
      `of kind "gguf" needs the package ${PACKAGE}; npm install ${PACKAGE}`,
      { field: 'policy' },
      { cause },
    );
  }
}

async function loadModel(llama: Llama, modelPath: string, loadSignal?: AbortSignal): Promise<LlamaModel> {
  try {
    return await llama.loadModel({ modelPath, loadSignal });
  } catch (cause) {
    loadSignal?.throwIfAborted();
    const reason = (cause as Error).message.split('\n')[0];
    throw new InputError(`cannot be loaded as a GGUF model: ${reason}`, { file: modelPath }, { cause });
  }
}

/** Tokens of the longest prompt and its answer. */
function contextSizeOf(
  model: LlamaModel,
  { file, k, longest }: Pick<GgufWriterOptions, 'file' | 'k' | 'longest'>,
): number {
  const prompt = longest.reduce(
    (sum, { content }) => sum + model.tokenize(content).length + MESSAGE_TOKENS,
    0,
  );
  const wanted = prompt + QUERY_TOKENS + k * SUB_QUERY_TOKENS;
  if (wanted <= model.trainContextSize) return Math.ceil(wanted / CONTEXT_STEP) * CONTEXT_STEP;
  throw new InputError(
    `was trained with a context of ${model.trainContextSize} tokens, and a prompt with its answer may take ${wanted}; ` +
      'lower policy.examples or k',
    { file },
  );
}

/** What an answer must be, so that nothing else can be written. */
const schemaOf = (k: number, least: number) => ({
  type: 'object',
  properties: {
    subQueries: {
      type: 'array',
      items: { type: 'string', minLength: 2, maxLength: LONGEST },
      minItems: least,
      maxItems: k,
    },
  },
});
