import { describe, expect, it } from 'vitest';
import { tempFolder } from '../../catalog/testing/tempFolder.js';
import { InputError } from '../../errors.js';
import { GgufWriter, type GgufWriterOptions, type LlamaLibrary } from './ggufWriter.js';
import { promptMessages } from './prompt.js';

const temp = tempFolder();
const file = temp.write('tiny-model.gguf', 'GGUF');
const prompt = { instruction: 'Write.', examples: [{ query: 'picnic', subQueries: ['mug'] }], k: 3 };
const longest = promptMessages(prompt, '');

interface Prompted {
  readonly session: number;
  readonly history: readonly object[];
  readonly text: string;
  readonly options: Record<string, unknown>;
}

/** Stands in for node-llama-cpp: sessions that say what `answer` does, one at a time each, as the package demands. */
function stubLibrary(answer: (asked: Prompted) => Promise<string> | string, trainContextSize = 4096) {
  const seen = {
    prompted: [] as Prompted[],
    context: {} as Record<string, unknown>,
    disposed: 0,
    sequences: 0,
  };
  const library: LlamaLibrary = {
    async getLlama() {
      return {
        async loadModel({ modelPath }) {
          if (modelPath.includes('broken')) throw new Error('unknown architecture: "x"\nat line 1');
          return {
            trainContextSize,
            tokenize: (text) => text.split(' '),
            async createContext(options) {
              seen.context = options;
              return { getSequence: () => seen.sequences++, dispose: async () => {} };
            },
            dispose: async () => {},
          };
        },
        createGrammarForJsonSchema: async (schema) => schema,
        async dispose() {
          seen.disposed++;
        },
      };
    },
    LlamaChatSession: class {
      #history: readonly object[] = [];
      #busy = false;
      readonly #session: number;
      constructor({ contextSequence }: { contextSequence: unknown }) {
        this.#session = contextSequence as number;
      }
      setChatHistory(history: readonly object[]) {
        this.#history = history;
      }
      async prompt(text: string, options: object) {
        if (this.#busy) throw new Error('the session is busy');
        this.#busy = true;
        const asked = { session: this.#session, history: this.#history, text, options: { ...options } };
        seen.prompted.push(asked);
        try {
          await new Promise((resolve) => setTimeout(resolve, 2));
          return await answer(asked);
        } finally {
          this.#busy = false;
        }
      }
    },
  };
  return { library, seen };
}

const open = (library: LlamaLibrary, changes: Partial<GgufWriterOptions> = {}) =>
  GgufWriter.open({ file, sequences: 2, k: 3, longest, threads: 1, library, ...changes });
const asked = { k: 3, least: 3, temperature: 0.5, topP: 0.9, seed: 7 };

describe('GgufWriter', () => {
  it('prompts by the chat of the examples, and lets nothing be written but k strings', async () => {
    const { library, seen } = stubLibrary(() => '{"subQueries":["tent","lamp","mug"]}');
    const writer = await open(library);
    expect([writer.model, writer.place, writer.concurrency]).toEqual(['tiny-model', file, 2]);
    expect(await writer.write(promptMessages(prompt, 'camping'), asked)).toEqual({
      subQueries: ['tent', 'lamp', 'mug'],
    });
    expect(seen.prompted).toMatchObject([
      {
        text: 'camping',
        history: [
          { type: 'system', text: expect.stringContaining('Write exactly 3.') },
          { type: 'user', text: 'picnic' },
          { type: 'model', response: ['{"subQueries":["mug"]}'] },
        ],
        options: {
          temperature: 0.5,
          topP: 0.9,
          seed: 7,
          grammar: { properties: { subQueries: { minItems: 3, maxItems: 3, items: { type: 'string' } } } },
        },
      },
    ]);
    expect(seen.context).toMatchObject({ sequences: 2, threads: 1, contextSize: 256 });
    await writer.release();
    expect(seen.disposed).toBe(1);
  });

  it('writes in as many sessions as it has sequences, each busy with one', async () => {
    const { library, seen } = stubLibrary(() => '{"subQueries":["tent"]}');
    const writer = await open(library);
    for (let round = 0; round < 3; round++)
      await Promise.all([0, 1].map(() => writer.write(promptMessages(prompt, 'camping'), asked)));
    expect(new Set(seen.prompted.map(({ session }) => session))).toEqual(new Set([0, 1]));
    const three = Promise.all([0, 1, 2].map(() => writer.write(promptMessages(prompt, 'x'), asked)));
    await expect(three).rejects.toThrow('more than 2 fan-outs');
  });

  it('says what is wrong with an answer that was cut off, and is free for the next', async () => {
    const { library } = stubLibrary(({ text }) =>
      text === 'long' ? '{"subQueries":["tent","la' : '{"subQueries":["tent"]}',
    );
    const writer = await open(library, { sequences: 1 });
    expect(await writer.write(promptMessages(prompt, 'long'), asked)).toEqual({
      problem: 'its answer ends before the list does',
    });
    expect(await writer.write(promptMessages(prompt, 'short'), asked)).toEqual({ subQueries: ['tent'] });
  });

  it('stops when it is aborted', async () => {
    const reason = new Error('enough');
    const stop = new AbortController();
    const { library } = stubLibrary(async ({ options }) => {
      stop.abort(reason);
      (options.signal as AbortSignal).throwIfAborted();
      return '';
    });
    const writer = await open(library);
    await expect(writer.write(promptMessages(prompt, 'x'), { ...asked, signal: stop.signal })).rejects.toBe(
      reason,
    );
  });

  it('refuses a file that is missing or no model, and a prompt that is too long, with the numbers', async () => {
    const { library } = stubLibrary(() => '');
    await expect(open(library, { file: temp.path('none.gguf') })).rejects.toThrow('does not exist');
    const broken = open(library, { file: temp.write('broken.gguf', 'x') });
    await expect(broken).rejects.toThrow(
      'broken.gguf: cannot be loaded as a GGUF model: unknown architecture: "x"',
    );
    await expect(broken).rejects.toThrow(InputError);
    const short = stubLibrary(() => '', 128);
    await expect(open(short.library)).rejects.toThrow(
      /tiny-model\.gguf: was trained with a context of 128 tokens, and a prompt with its answer may take \d{3}; lower policy\.examples or k/,
    );
    expect(short.seen.disposed).toBe(1);
  });
});

const { R4T_GGUF } = process.env;

describe.skipIf(!R4T_GGUF)('with the model of R4T_GGUF and the package node-llama-cpp', () => {
  it('writes k sub-queries a query, batched, the same for the same seed', { timeout: 600_000 }, async () => {
    const writer = await GgufWriter.open({ file: R4T_GGUF!, sequences: 2, k: 3, longest });
    const write = (query: string) =>
      writer.write(promptMessages(prompt, query), { ...asked, temperature: 0 });
    const [first, second] = await Promise.all([write('vegetable lasagna'), write('a trip to the beach')]);
    for (const { subQueries = [] } of [first, second]) {
      expect(subQueries.length).toBeGreaterThan(0);
      expect(subQueries.length).toBeLessThanOrEqual(3);
    }
    expect(await write('vegetable lasagna')).toEqual(first);
    await writer.release();
  });
});
