/**
 * Lets the LLM judge run against a real model, to see that the two understand each other:
 *
 *     npm --prefix bench/judge ci      # about 1 GB: the model and the binaries of node-llama-cpp
 *     npx jiti bench/judge/smoke.ts    # [threads]; some minutes on two cores
 *
 * The model is TinyLlama-1.1B at two bits a weight. What it says of the sets is not evidence of anything.
 */
import { availableParallelism } from 'node:os';
import { judgeTables } from '../../src/cli/judgeTables.js';
import { estimateJudging } from '../../src/evaluate/judge/estimate.js';
import { judge } from '../../src/evaluate/judge/judge.js';
import { openVerdicts } from '../../src/evaluate/judge/questions.js';
import { planJudging } from '../../src/evaluate/judge/tasks.js';
import type { ReportedQuery } from '../../src/evaluate/results.js';
import { serveTinyLlama } from './tinyllama.js';

const MODEL = 'tinyllama-1.1b-chat-iq2_xxs';

function set(found: Readonly<Record<string, string>>) {
  const titles = Object.keys(found);
  return {
    items: titles.map((title, direction) => ({ id: title, title, direction })),
    subQueries: Object.values(found),
    metrics: {},
  };
}

/** A varied set, near-copies of one thing, and a set which misses the query: easy to tell apart. */
const queries: ReportedQuery[] = [
  {
    query: 'camping gear',
    sets: {
      folm: set({
        'two-person tent': 'tent',
        'gas stove': 'camping stove',
        'head lamp': 'light for the night',
        'sleeping bag': 'warm sleep outdoors',
      }),
      plain: set({
        'red two-person tent': 'camping gear',
        'blue two-person tent': 'camping gear',
        'green two-person tent': 'camping gear',
        'grey two-person tent': 'camping gear',
      }),
      untrained: set({
        'wedding cake': 'tent',
        'office chair': 'camping stove',
        'violin strings': 'light for the night',
        'tax guide': 'warm sleep outdoors',
      }),
    },
  },
];

const threads = Number(process.argv[2] ?? availableParallelism());
const { baseUrl, close } = await serveTinyLlama(threads);
try {
  const estimate = estimateJudging(planJudging(queries), [MODEL], await openVerdicts());
  const start = performance.now();
  const judgement = await judge(queries, {
    judges: [{ baseUrl, model: MODEL, timeoutMs: 600_000, maxRetries: 0 }],
    concurrency: 2,
    onProgress: ({ done, total }) => console.error(`${done}/${total}`),
  });
  console.log(judgeTables(judgement));
  const { usage, verdicts, unanswered } = judgement.judges[0];
  console.log(`\nestimated: ${estimate.inputTokens} input, ${estimate.outputTokens} output tokens`);
  console.log(`counted: ${usage.inputTokens} input, ${usage.outputTokens} output tokens`);
  const seconds = (performance.now() - start) / 1000;
  console.log(`${verdicts.length} verdicts, ${unanswered.length} without, in ${seconds.toFixed(0)} s`);
} finally {
  await close();
}
