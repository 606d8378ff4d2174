/**
 * Lets a language model write shopping lists for dishes: two for each of `dishes.txt` and one for each of `testDishes.txt`, into
 * `fanOuts.jsonl`. Lists that the file holds are not written again, so it can be stopped and started at will.
 *
 *   npx jiti examples/kitchen/writeFanOuts.ts --gguf model.gguf                                 (needs `npm i --no-save node-llama-cpp`)
 *   npx jiti examples/kitchen/writeFanOuts.ts --base-url http://localhost:11434/v1 --model name --parallel 16
 *
 * Lists for test dishes are asked for one at a time whatever `--parallel` says: their milliseconds are what a search by the model takes.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';

const FOLDER = import.meta.dirname;
const FILE = join(FOLDER, 'fanOuts.jsonl');
const SAMPLING = { temperature: 0.5, topP: 0.9, maxTokens: 80 };
const MOST = 12;

const INSTRUCTION =
  'You write shopping lists. For the name of a dish, answer with the 6 to 12 grocery products that its traditional recipe needs, ' +
  'on one line, divided by commas, the most characteristic first. Simple product names, no amounts.';
/** Dishes that are in neither file. */
const EXAMPLES = [
  ['Spaghetti carbonara', 'spaghetti, eggs, guanciale, pecorino cheese, black pepper, salt'],
  [
    'Chicken noodle soup',
    'whole chicken, egg noodles, carrots, celery, onion, garlic, bay leaves, fresh parsley, black pepper, salt',
  ],
  [
    'Ratatouille',
    'aubergine, courgettes, red peppers, tomatoes, onion, garlic, olive oil, fresh thyme, fresh basil, salt',
  ],
  ['Tiramisu', 'ladyfingers, mascarpone, eggs, sugar, espresso coffee, cocoa powder, marsala wine'],
];
interface Message {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}
const PROMPT: readonly Message[] = [
  { role: 'system', content: INSTRUCTION },
  ...EXAMPLES.flatMap(([dish, list]): Message[] => [
    { role: 'user', content: dish },
    { role: 'assistant', content: list },
  ]),
];
const HASH = createHash('sha256')
  .update(JSON.stringify([PROMPT, SAMPLING]))
  .digest('hex')
  .slice(0, 12);

/** One list of a language model, as a line of the file. */
interface FanOutRecord {
  readonly query: string;
  readonly sample: number;
  readonly subQueries: readonly string[];
  readonly model: string;
  readonly prompt: string;
  readonly seed: number;
  readonly ms: number;
}

type Write = (dish: string, seed: number) => Promise<string>;

/** The products of a list, each once; a small model may go round in circles, so the list ends where it repeats itself. */
function productsOf(list: string): string[] {
  const products: string[] = [];
  for (const product of list.split(',').map((part) => part.trim().toLowerCase().replace(/\.$/, ''))) {
    if (products.includes(product) || products.length === MOST) break;
    if (product !== '') products.push(product);
  }
  return products;
}

function overHttp(baseUrl: string, model: string): Write {
  const { temperature, topP: top_p, maxTokens: max_tokens } = SAMPLING;
  return async (dish, seed) => {
    const messages: Message[] = [...PROMPT, { role: 'user', content: dish }];
    const response = await fetch(`${baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${process.env.API_KEY ?? ''}` },
      body: JSON.stringify({ model, messages, temperature, top_p, max_tokens, seed, stop: ['\n'] }),
    });
    if (!response.ok) throw new Error(`${baseUrl} answered ${response.status}: ${await response.text()}`);
    const { choices } = (await response.json()) as { choices: { message: { content: string } }[] };
    return choices[0].message.content;
  };
}

/** The parts of node-llama-cpp that are used here. */
interface Llama {
  loadModel(options: { modelPath: string }): Promise<{
    createContext(options: { contextSize: number; threads: number }): Promise<{ getSequence(): unknown }>;
  }>;
}
interface NodeLlamaCpp {
  getLlama(options: { gpu: false; logLevel: 'error' }): Promise<Llama>;
  LlamaCompletion: new (options: {
    contextSequence: unknown;
  }) => { generateCompletion(prompt: unknown, options: object): Promise<string> };
  LlamaText(parts: readonly unknown[]): unknown;
  SpecialTokensText: new (text: string) => unknown;
}

/** A model on disk whose chats look like Qwen's (ChatML). */
async function fromGguf(modelPath: string): Promise<Write> {
  const library: string = 'node-llama-cpp';
  const { getLlama, LlamaCompletion, LlamaText, SpecialTokensText } = (await import(library)) as NodeLlamaCpp;
  const llama = await getLlama({ gpu: false, logLevel: 'error' });
  const model = await llama.loadModel({ modelPath });
  const context = await model.createContext({ contextSize: 1024, threads: 2 });
  const completion = new LlamaCompletion({ contextSequence: context.getSequence() });
  const turn = ({ role, content }: Message) => [
    new SpecialTokensText(`<|im_start|>${role}\n`),
    content,
    new SpecialTokensText('<|im_end|>\n'),
  ];
  return async (dish, seed) => {
    // A list that repeats itself is cut there, so writing on is a waste.
    const enough = new AbortController();
    let written = '';
    const text = LlamaText([
      ...[...PROMPT, { role: 'user', content: dish } as const].flatMap(turn),
      new SpecialTokensText('<|im_start|>assistant\n'),
    ]);
    return completion.generateCompletion(text, {
      ...SAMPLING,
      seed,
      customStopTriggers: ['\n'],
      signal: enough.signal,
      stopOnAbortSignal: true,
      onTextChunk(chunk: string) {
        written += chunk;
        const whole = written.split(',').length - 1;
        if (whole > 0 && productsOf(written.slice(0, written.lastIndexOf(','))).length < whole)
          enough.abort();
      },
    });
  };
}

const { values } = parseArgs({
  options: {
    gguf: { type: 'string' },
    'base-url': { type: 'string' },
    model: { type: 'string' },
    parallel: { type: 'string', default: '1' },
  },
});
const { gguf, 'base-url': baseUrl, model = basename(gguf ?? 'model', '.gguf') } = values;
if ((gguf === undefined) === (baseUrl === undefined)) throw new Error('give --gguf or --base-url');
const parallel = gguf ? 1 : Number(values.parallel);
if (!Number.isInteger(parallel) || parallel < 1)
  throw new Error('--parallel must be a positive whole number');
const write = gguf ? await fromGguf(gguf) : overHttp(baseUrl!, model);

const dishes = (file: string) => readFileSync(join(FOLDER, file), 'utf8').trim().split('\n');
/** In an order that has nothing to do with the files', so that a part of the lists is a fair sample. */
const shuffled = (list: readonly string[]) => {
  const hash = (text: string) => createHash('sha256').update(text).digest('hex');
  return list
    .map((dish) => ({ dish, key: hash(dish) }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ dish }) => dish);
};
const [training, test] = [shuffled(dishes('dishes.txt')), dishes('testDishes.txt')];
const rounds = [
  { queries: training, sample: 0, parallel },
  { queries: test, sample: 0, parallel: 1 },
  { queries: training, sample: 1, parallel },
];
const done = new Set(
  existsSync(FILE)
    ? readFileSync(FILE, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => {
          const { query, sample } = JSON.parse(line) as FanOutRecord;
          return `${sample} ${query}`;
        })
    : [],
);
const leftOf = ({ queries, sample }: (typeof rounds)[number]) =>
  queries.filter((query) => !done.has(`${sample} ${query}`));
const total = rounds.reduce((sum, round) => sum + leftOf(round).length, 0);
const started = performance.now();
let written = 0;
for (const round of rounds) {
  const { sample, parallel } = round;
  const queue = leftOf(round);
  const work = async () => {
    for (let query = queue.shift(); query !== undefined; query = queue.shift()) {
      const seed = 1 + sample;
      const before = performance.now();
      const subQueries = productsOf(await write(query, seed));
      const ms = Math.round(performance.now() - before);
      const record: FanOutRecord = { query, sample, subQueries, model, prompt: HASH, seed, ms };
      appendFileSync(FILE, `${JSON.stringify(record)}\n`);
      const perList = (performance.now() - started) / ++written;
      process.stderr.write(
        `\r${written}/${total} lists, ${Math.round((perList * (total - written)) / 60000)} min left   `,
      );
    }
  };
  await Promise.all(Array.from({ length: parallel }, work));
}
process.stderr.write('\n');
process.exit(0);
