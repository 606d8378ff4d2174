import { type AnswerCache, promptKey } from '../../llm/answerCache.js';
import type { ChatEndpoint } from '../../llm/endpoint.js';
import { inParallel } from '../../llm/inParallel.js';
import type { RunControl } from '../../progress.js';
import type { MethodName, ReportedQuery } from '../results.js';
import type { Agreement } from './agreement.js';
import { askJudge } from './askJudge.js';
import { openVerdicts, type Question } from './questions.js';
import { compareJudges, type MethodVerdict, summarize, type Verdict } from './summary.js';
import { type JudgeTask, type PlanOptions, planJudging } from './tasks.js';

export interface JudgeOptions extends PlanOptions, RunControl {
  /** One model, or two whose agreement is told. */
  readonly judges: readonly [ChatEndpoint, ChatEndpoint?];
  /** File that keeps every answer (JSON lines); the next judging asks only what it lacks. Default: none. */
  readonly cacheFile?: string;
  /** Questions asked at the same time. Default 4. */
  readonly concurrency?: number;
}

/** What one model said. */
export interface JudgeReport {
  readonly model: string;
  readonly methods: Partial<Record<MethodName, MethodVerdict>>;
  readonly verdicts: readonly Verdict[];
  /** Questions the model gave no answer of the right form to; they count in no mean. */
  readonly unanswered: readonly {
    readonly row: number;
    readonly query: string;
    readonly method: MethodName;
    readonly question: Question;
    readonly problem: string;
  }[];
  /** Asked by this call, and what the server counted; what the cache answered is not in it. */
  readonly usage: { readonly calls: number; readonly inputTokens: number; readonly outputTokens: number };
}

/** What a judging says, as plain data: `judge.json`. */
export interface Judgement {
  readonly seed: number;
  readonly judges: readonly JudgeReport[];
  /** Of two judges. */
  readonly agreement?: Partial<Record<Question, Agreement>>;
}

/**
 * Lets language models rate retrieved sets: groundedness, diversity and alignment, 1 to 5 (docs/paper.md, Metrics). The
 * models see neither the method nor the order in which it ranked the items.
 *
 * @throws ChatError if an endpoint does not answer; with a cache file, the next call goes on from there
 *
 * @example
 * const { queries } = JSON.parse(await readFile('results/report.json', 'utf8')) as ReportData;
 * const model = { baseUrl: 'http://localhost:11434/v1', model: 'qwen3:4b' };
 * const { judges } = await judge(queries, { judges: [model], limit: 50, cacheFile: 'verdicts.jsonl' });
 */
export async function judge(queries: readonly ReportedQuery[], options: JudgeOptions): Promise<Judgement> {
  const { seed = 0, cacheFile } = options;
  const tasks = planJudging(queries, options);
  const cache = await openVerdicts(cacheFile);
  const judges: JudgeReport[] = [];
  try {
    for (const endpoint of options.judges) {
      if (endpoint !== undefined) judges.push(await judgeBy(endpoint, tasks, cache, options));
    }
  } finally {
    await cache.close();
  }
  const [first, second] = judges;
  return {
    seed,
    judges,
    ...(second && { agreement: compareJudges(first.verdicts, second.verdicts) }),
  };
}

async function judgeBy(
  endpoint: ChatEndpoint,
  tasks: readonly JudgeTask[],
  cache: AnswerCache<number[]>,
  { concurrency = 4, signal, onProgress }: JudgeOptions,
): Promise<JudgeReport> {
  const { model } = endpoint;
  const keyed = tasks.map((task) => ({ task, key: promptKey(model, task.messages) }));
  const open = new Map(
    keyed.filter(({ key }) => cache.get(key) === undefined).map(({ task, key }) => [key, task]),
  );
  const usage = { calls: open.size, inputTokens: 0, outputTokens: 0 };
  const problems = new Map<string, string>();
  let done = 0;
  const work = async ([key, task]: [string, JudgeTask], signal: AbortSignal): Promise<void> => {
    const answer = await askJudge(task, endpoint, signal);
    usage.inputTokens += answer.usage.inputTokens;
    usage.outputTokens += answer.usage.outputTokens;
    if (answer.value !== undefined) await cache.set(key, answer.value);
    else problems.set(key, answer.problem ?? '');
    const metrics: Record<string, number> = problems.size > 0 ? { unanswered: problems.size } : {};
    onProgress?.({ stage: `judge/${model}`, done: ++done, total: open.size, metrics });
  };
  await inParallel([...open], work, { concurrency, signal });

  const verdicts: Verdict[] = [];
  const unanswered: JudgeReport['unanswered'][number][] = [];
  for (const { task, key } of keyed) {
    const scores = cache.get(key);
    if (scores === undefined) {
      const { row, query, method, question } = task;
      unanswered.push({ row, query, method, question, problem: problems.get(key) ?? '' });
    } else verdicts.push(verdict(task, scores));
  }
  return { model, methods: summarize(verdicts), verdicts, unanswered, usage };
}

function verdict({ row, query, method, question, items }: JudgeTask, scores: readonly number[]): Verdict {
  const score = scores.reduce((sum, x) => sum + x, 0) / scores.length;
  if (question !== 'groundedness') return { row, query, method, question, score };
  return { row, query, method, question, score, items: items.map((id, i) => ({ id, score: scores[i] })) };
}
