/**
 * Lets a language model write shopping lists for dishes: two for each of `dishes.txt` and one for each of `testDishes.txt`, into
 * `fanOuts.jsonl` (docs/policies.md has its format). Lists that the file holds are not written again, so it can be stopped and started at will;
 * the ones that it comes with were asked for in the same words, as one line divided by commas.
 *
 *   npx jiti examples/kitchen/writeFanOuts.ts --gguf model.gguf                                 (needs `npm i --no-save node-llama-cpp`)
 *   npx jiti examples/kitchen/writeFanOuts.ts --base-url http://localhost:11434/v1 --model name --parallel 16
 *
 * Lists for test dishes are asked for one at a time whatever `--parallel` says: their milliseconds are what a search by the model takes.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { matrix } from '../../src/matrix.js';
import { ChatWriter } from '../../src/policy/written/chatWriter.js';
import { FanOutLog, readFanOuts } from '../../src/policy/written/fanOutFile.js';
import { GgufWriter } from '../../src/policy/written/ggufWriter.js';
import { type FanOutPrompt, promptMessages } from '../../src/policy/written/prompt.js';
import type { Writer } from '../../src/policy/written/writer.js';
import { WritingPolicy } from '../../src/policy/written/writingPolicy.js';

const FOLDER = import.meta.dirname;
const FILE = join(FOLDER, 'fanOuts.jsonl');
const SAMPLING = { temperature: 0.5, topP: 0.9, seed: 1 };

const PROMPT: FanOutPrompt = {
  instruction:
    'You write shopping lists. For the name of a dish, answer with the 6 to 12 grocery products that its traditional recipe needs, ' +
    'the most characteristic first. Simple product names, no amounts.',
  k: 12,
  least: 6,
  /** Dishes that are in neither file. */
  examples: [
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
  ].map(([query, list]) => ({ query, subQueries: list.split(', ') })),
};

const { values } = parseArgs({
  options: {
    gguf: { type: 'string' },
    'base-url': { type: 'string' },
    model: { type: 'string' },
    parallel: { type: 'string', default: '1' },
  },
});
const { gguf, 'base-url': baseUrl, model = 'model' } = values;
if ((gguf === undefined) === (baseUrl === undefined)) throw new Error('give --gguf or --base-url');
const parallel = Number(values.parallel);
if (!Number.isInteger(parallel) || parallel < 1)
  throw new Error('--parallel must be a positive whole number');
const writer: Writer =
  gguf === undefined
    ? new ChatWriter({
        endpoints: [{ baseUrl, model, apiKey: process.env.API_KEY }],
        concurrency: parallel,
      })
    : await GgufWriter.open({
        file: gguf,
        sequences: parallel,
        k: PROMPT.k,
        longest: promptMessages(PROMPT, ''),
      });
const alone: Writer = {
  model: writer.model,
  place: writer.place,
  concurrency: 1,
  write: (messages, options) => writer.write(messages, options),
};

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
const counts = new Map<string, number>();
for (const { query } of existsSync(FILE) ? await readFanOuts(FILE) : [])
  counts.set(query, (counts.get(query) ?? 0) + 1);
const log = await FanOutLog.open(FILE);
for (const { queries, samplesPerQuery, by } of [
  { queries: training, samplesPerQuery: 1, by: writer },
  { queries: test, samplesPerQuery: 1, by: alone },
  { queries: training, samplesPerQuery: 2, by: writer },
]) {
  const policy = new WritingPolicy({
    writer: by,
    prompt: PROMPT,
    log,
    onProgress: ({ done, total, warning }) =>
      process.stderr.write(warning ? `${warning}\n` : `\r${done}/${total} lists   `),
  });
  const left = queries.filter((query) => (counts.get(query) ?? 0) < samplesPerQuery);
  await policy.sample({ queries: left, vectors: matrix(left.length, 0), samplesPerQuery, ...SAMPLING });
}
process.stderr.write('\n');
await writer.release?.();
await log.close();
