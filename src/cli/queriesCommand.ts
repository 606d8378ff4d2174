import type { Command } from 'commander';
import type { Item, QueryRecord } from '../catalog/item.js';
import type { QueryReport, SetRecord } from '../catalog/sets.js';
import { InputError } from '../errors.js';
import type { RunControl } from '../progress.js';
import { findConfig } from './findConfig.js';
import type { CliIo } from './io.js';
import { wholeNumber } from './options.js';
import { showProgress } from './progress/showProgress.js';
import { formatFigure } from './text.js';

interface QueriesFlags {
  readonly out: string;
  readonly sets?: string;
  readonly perSet: number;
  readonly suffix?: string;
  readonly recombine: number;
  readonly seed: number;
  readonly config?: string;
  readonly llm?: string;
  readonly model?: string;
  readonly lists?: number;
}

/** `r4t queries`: makes broad queries for a catalog whose users have left none. */
export function addQueriesCommand(program: Command, io: CliIo): void {
  program
    .command('queries')
    .description('make broad queries to compile with, from a catalog or from sets of its items')
    .argument('<catalog>', 'as for compile')
    .requiredOption('--out <file>', 'JSONL file to write')
    .option('--sets <file>', 'sets: items, perhaps split; those with a query keep it')
    .option('--per-set <n>', 'queries a set, at most', wholeNumber(1), 2)
    .option('--suffix <words>', 'ends every query of a set, e.g. outfit')
    .option('--recombine <n>', 'new training sets, put together from parts of others', wholeNumber(0), 0)
    .option('--llm <url>', 'let a language model write them: an OpenAI-compatible endpoint')
    .option('--model <name>', 'the model behind --llm')
    .option('--lists <n>', 'ask about so many (default: all sets, or 300 lists of items)', wholeNumber(1))
    .option('--seed <n>', 'the same seed gives the same queries', wholeNumber(0), 0)
    .option('--config <file>', 'settings (default: r4t.config.ts or .json here, if there is one)')
    .addHelpText('after', '\nThe API key is taken from the environment variable OPENAI_API_KEY.')
    .action((catalog: string, flags: QueriesFlags) => queriesAction(catalog, flags, io));
}

async function queriesAction(file: string, flags: QueriesFlags, io: CliIo): Promise<void> {
  const { signal } = io;
  if ((flags.llm === undefined) !== (flags.model === undefined)) {
    throw new InputError('--llm and --model belong together: an endpoint and the name of a model behind it');
  }
  const [
    { loadCatalog },
    { loadSets },
    { loadConfig },
    library,
    { queryLines },
    { writeFileAtomic },
    { serviceRoot },
    { describeCatalog, describeQueries },
  ] = await Promise.all([
    import('../catalog/catalog.js'),
    import('../catalog/sets.js'),
    import('../run/loadConfig.js'),
    import('../index.js'),
    import('../catalog/queryLines.js'),
    import('../files.js'),
    import('../llm/endpoint.js'),
    import('./inputSummary.js'),
  ]);
  if (flags.llm !== undefined) serviceRoot(flags.llm);
  const config = await loadConfig(flags.config ?? (await findConfig(process.cwd())), { library });
  const progress = showProgress(io, { json: false });
  let queries: readonly QueryRecord[];
  try {
    const { onProgress } = progress;
    const catalog = await loadCatalog(file, { ...config.catalog, signal, onProgress });
    const say = (lines: readonly string[]) => io.stderr.write(lines.map((line) => `${line}\n`).join(''));
    say(describeCatalog(catalog.report));
    const { query, encoding } = config.catalog;
    const onReport = (report: QueryReport) => say(describeQueries(report, 'set'));
    const sets =
      flags.sets === undefined
        ? undefined
        : await loadSets(flags.sets, catalog, { signal, query, encoding, onReport });
    const make = flags.llm === undefined ? queriesOfWords : queriesOfModel;
    queries = await make(catalog.items, sets, flags, { ...io, onProgress });
    if (queries.length === 0) {
      const reason =
        flags.llm === undefined ? 'its items share no words' : `${flags.model} wrote none of use`;
      throw new InputError(`gives no queries: ${reason}`, { file });
    }
    await writeFileAtomic(flags.out, queryLines(queries, catalog.items));
  } finally {
    progress.close();
  }
  const option = flags.sets === undefined ? '--queries' : '--sets';
  io.stdout.write(`${flags.out}: ${summary(queries)}; compile with ${option} ${flags.out}\n`);
}

async function queriesOfWords(
  items: readonly Item[],
  sets: readonly SetRecord[] | undefined,
  { perSet: queriesPerSet, suffix, recombine, seed }: QueriesFlags,
): Promise<QueryRecord[]> {
  if (sets === undefined) return (await import('../catalog/catalogQueries.js')).catalogQueries(items);
  const { queriesForSets } = await import('../catalog/queriesForSets.js');
  return queriesForSets({ items, sets, queriesPerSet, suffix, recombine, seed });
}

/** Lists of a catalog's items to ask a model about. */
const CATALOG_LISTS = 300;

async function queriesOfModel(
  items: readonly Item[],
  sets: readonly SetRecord[] | undefined,
  { out, llm = '', model = '', perSet: queriesPerList, recombine, lists, seed }: QueriesFlags,
  { env, stderr, signal, onProgress }: CliIo & RunControl,
): Promise<QueryRecord[]> {
  const [{ writeQueries }, { itemTasks, setTasks }, { openSets }] = await Promise.all([
    import('../llm/writeQueries.js'),
    import('../llm/queryTasks.js'),
    import('../catalog/queriesForSets.js'),
  ]);
  const { own, open, added } = openSets({ items, sets: sets ?? [], recombine, seed });
  const tasks =
    sets === undefined
      ? itemTasks(items, lists ?? CATALOG_LISTS, seed)
      : setTasks(items, [...open, ...added], lists, seed);
  const { queries, unanswered } = await writeQueries(tasks, {
    endpoint: { baseUrl: llm, model, apiKey: env?.OPENAI_API_KEY },
    queriesPerList,
    known: own.map(({ query }) => query),
    cacheFile: `${out}.answers.jsonl`,
    seed,
    signal,
    onProgress,
  });
  if (unanswered > 0) stderr.write(`r4t: no usable answer about ${formatFigure(unanswered)} lists\n`);
  return [...own, ...queries];
}

function summary(queries: readonly QueryRecord[]): string {
  const counts = (['train', 'valid', 'test'] as const).map(
    (split) => `${split} ${formatFigure(queries.filter((query) => query.split === split).length)}`,
  );
  return `${formatFigure(queries.length)} queries (${counts.join(', ')})`;
}
