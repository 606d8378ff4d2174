import type { Command } from 'commander';
import type { QueryRecord } from '../catalog/item.js';
import { InputError } from '../errors.js';
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
}

/** `r4t queries`: makes broad queries for a catalog whose users have left none. */
export function addQueriesCommand(program: Command, io: CliIo): void {
  program
    .command('queries')
    .description('make broad queries to compile with, from a catalog or from sets of its items')
    .argument('<catalog>', 'JSONL, CSV, TSV or Parquet file, one item a record')
    .requiredOption('--out <file>', 'JSONL file to write')
    .option('--sets <file>', 'sets: items, perhaps split; those with a query keep it')
    .option('--per-set <n>', 'queries a set, at most', wholeNumber(1), 2)
    .option('--suffix <words>', 'ends every query of a set, e.g. outfit')
    .option('--recombine <n>', 'new training sets, put together from parts of others', wholeNumber(0), 0)
    .option('--seed <n>', 'the same seed gives the same queries', wholeNumber(0), 0)
    .option('--config <file>', 'settings (default: r4t.config.ts or .json here, if there is one)')
    .action((catalog: string, flags: QueriesFlags) => queriesAction(catalog, flags, io));
}

async function queriesAction(file: string, flags: QueriesFlags, io: CliIo): Promise<void> {
  const { out, sets: setsFile, perSet: queriesPerSet, suffix, recombine, seed } = flags;
  const { signal } = io;
  const [{ loadCatalog }, { loadConfig }, library, { queryLines }, { writeFileAtomic }] = await Promise.all([
    import('../catalog/catalog.js'),
    import('../run/loadConfig.js'),
    import('../index.js'),
    import('../catalog/queryLines.js'),
    import('../files.js'),
  ]);
  const config = await loadConfig(flags.config ?? (await findConfig(process.cwd())), { library });
  const progress = showProgress(io, { json: false });
  let queries: QueryRecord[];
  try {
    const catalog = await loadCatalog(file, { ...config.catalog, signal, onProgress: progress.onProgress });
    const { items } = catalog;
    if (setsFile === undefined) {
      const { catalogQueries } = await import('../catalog/catalogQueries.js');
      queries = catalogQueries(items);
    } else {
      const { loadSets } = await import('../catalog/sets.js');
      const { queriesForSets } = await import('../catalog/queriesForSets.js');
      const sets = await loadSets(setsFile, catalog, { signal });
      queries = queriesForSets({ items, sets, queriesPerSet, suffix, recombine, seed });
    }
    if (queries.length === 0) throw new InputError('gives no queries: its items share no words', { file });
    await writeFileAtomic(out, queryLines(queries, items));
  } finally {
    progress.close();
  }
  const option = setsFile === undefined ? '--queries' : '--sets';
  io.stdout.write(`${out}: ${summary(queries)}; compile with ${option} ${out}\n`);
}

function summary(queries: readonly QueryRecord[]): string {
  const counts = (['train', 'valid', 'test'] as const).map(
    (split) => `${split} ${formatFigure(queries.filter((query) => query.split === split).length)}`,
  );
  return `${formatFigure(queries.length)} queries (${counts.join(', ')})`;
}
