import { join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { InputError } from '../errors.js';
import type { JudgingEstimate } from '../evaluate/judge/estimate.js';
import type { Judgement } from '../evaluate/judge/judge.js';
import type { MethodName, ReportedQuery } from '../evaluate/results.js';
import { nearest } from '../run/nearest.js';
import type { CliIo } from './io.js';
import { amount, wholeNumber } from './options.js';
import { showProgress } from './progress/showProgress.js';
import { formatFigure } from './text.js';

interface JudgeFlags {
  readonly endpoint: string;
  readonly model: string;
  readonly secondModel?: string;
  readonly methods?: readonly string[];
  readonly limit?: number;
  readonly seed: number;
  readonly priceIn?: number;
  readonly priceOut?: number;
  readonly yes?: true;
}

/** The files a judging leaves in the folder of the evaluation. */
const FILES = { judgement: 'judge.json', cache: 'judge-cache.jsonl' };

/** `r4t judge`: language models rate the sets of an evaluation. */
export function addJudgeCommand(program: Command, io: CliIo): void {
  program
    .command('judge')
    .description("let a language model rate an evaluation's sets; run again to go on after a stop")
    .argument('<results>', 'folder of an evaluation, with report.json')
    .requiredOption('--endpoint <url>', 'OpenAI-compatible, e.g. http://localhost:11434/v1')
    .requiredOption('--model <name>', 'model that judges')
    .option('--second-model <name>', 'second judge at the same endpoint; tells how far the two agree')
    .option('--methods <names>', 'methods to judge, with commas between (default: all there are)', names)
    .option('--limit <n>', 'judge this many queries, drawn at random (default: all)', wholeNumber(1))
    .option('--seed <n>', 'draws queries and shuffles items', wholeNumber(0), 0)
    .option('--price-in <price>', 'of a million input tokens, for the cost estimate', amount)
    .option('--price-out <price>', 'of a million output tokens, for the cost estimate', amount)
    .option('--yes', 'do not ask before questions are sent')
    .addHelpText('after', '\nThe API key is taken from the environment variable OPENAI_API_KEY.')
    .action((folder: string, flags: JudgeFlags) => judgeAction(folder, flags, io));
}

function names(text: string): string[] {
  const list = text.split(',').map((name) => name.trim());
  if (list.includes('')) throw new InvalidArgumentError('Expected names with commas between.');
  return list;
}

async function judgeAction(folder: string, flags: JudgeFlags, io: CliIo): Promise<void> {
  const [
    { readReport },
    { estimateJudging },
    { judge },
    { planJudging },
    { openVerdicts },
    { writeJson },
    { judgeTables },
    { serviceRoot },
  ] = await Promise.all([
    import('../evaluate/report/report.js'),
    import('../evaluate/judge/estimate.js'),
    import('../evaluate/judge/judge.js'),
    import('../evaluate/judge/tasks.js'),
    import('../evaluate/judge/questions.js'),
    import('../files.js'),
    import('./judgeTables.js'),
    import('../llm/endpoint.js'),
  ]);
  const { endpoint: baseUrl, secondModel, limit, seed } = flags;
  serviceRoot(baseUrl);
  const { queries } = await readReport(folder);
  const methods = chosenMethods(flags.methods, queries);
  const models = secondModel === undefined ? [flags.model] : [flags.model, secondModel];
  const cacheFile = join(folder, FILES.cache);

  const tasks = planJudging(queries, { methods, limit, seed });
  const cache = await openVerdicts(cacheFile);
  const prices = { input: flags.priceIn ?? 0, output: flags.priceOut ?? 0 };
  const priced = flags.priceIn !== undefined || flags.priceOut !== undefined;
  const estimate = estimateJudging(tasks, models, cache, priced ? prices : undefined);
  await cache.close();
  io.stderr.write(`${describeEstimate(estimate)}\n`);
  if (estimate.calls > 0 && !flags.yes && !(await mayAsk(io))) {
    return void io.stderr.write('nothing was sent\n');
  }

  const { signal, env } = io;
  const [first, second] = models.map((model) => ({ baseUrl, model, apiKey: env?.OPENAI_API_KEY }));
  const progress = showProgress(io, { json: false });
  let judgement: Judgement;
  try {
    const { onProgress } = progress;
    judgement = await judge(queries, {
      judges: [first, second],
      methods,
      limit,
      seed,
      cacheFile,
      signal,
      onProgress,
    });
  } finally {
    progress.close();
  }
  const file = join(folder, FILES.judgement);
  await writeJson(file, judgement);
  io.stdout.write(`${judgeTables(judgement)}\n\n${file}\n`);
}

/** The methods named, or all of which the report has sets. */
function chosenMethods(
  wanted: readonly string[] | undefined,
  queries: readonly ReportedQuery[],
): readonly MethodName[] {
  const present = [...new Set(queries.flatMap(({ sets }) => Object.keys(sets) as MethodName[]))];
  if (present.length === 0) throw new InputError('the report has no sets to judge');
  for (const name of wanted ?? []) {
    if ((present as string[]).includes(name)) continue;
    const guess = nearest(name, present);
    const advice = guess === undefined ? `expected one of ${present.join(', ')}` : `did you mean "${guess}"?`;
    throw new InputError(`--methods: the report has no sets of "${name}"; ${advice}`);
  }
  return (wanted as readonly MethodName[] | undefined) ?? present;
}

async function mayAsk({ confirm }: CliIo): Promise<boolean> {
  if (confirm === undefined)
    throw new InputError('nobody can be asked whether to send this; give --yes to go on');
  return confirm('Send these questions?');
}

function describeEstimate({ calls, cached, inputTokens, outputTokens, price }: JudgingEstimate): string {
  const known = cached > 0 ? ` (${formatFigure(cached)} answered before)` : '';
  const tokens = `about ${roughly(inputTokens)} input and ${roughly(outputTokens)} output tokens`;
  const cost = price === undefined ? '' : `, price about ${price.toFixed(2)}`;
  return `${formatFigure(calls)} questions to ask${known}, ${tokens}${cost}`;
}

/** Two significant digits: an estimate is no better. */
const roughly = (value: number): string => formatFigure(Number(value.toPrecision(2)));
