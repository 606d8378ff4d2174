import { type Command, Option } from 'commander';
import { ASKABLE_METHODS, type AskableMethod, AUTO } from '../retrieve/methodNames.js';
import type { Distinct, SearchResult } from '../retrieve/retriever.js';
import { fetching } from './fetching.js';
import { type CliIo, isTerminal } from './io.js';
import { collect, cosine, share, wholeNumber } from './options.js';
import { oneLine, truncate } from './text.js';

interface SearchFlags {
  readonly k?: number;
  readonly method: AskableMethod;
  readonly filter: readonly string[];
  readonly diversity?: number;
  readonly distinct?: Distinct;
  readonly exclude: readonly string[];
  readonly offset?: number;
  readonly minScore?: number;
  readonly steps?: number;
  readonly seed?: number;
  readonly threads?: number;
  readonly json?: true;
}

/** `r4t search`: the set of items for one query. */
export function addSearchCommand(program: Command, io: CliIo): void {
  program
    .command('search')
    .description('find a set of items for a broad query')
    .argument('<run>', 'run folder, or its address (https://...)')
    .argument('<query>', 'what to search for')
    .option('-k <n>', "items wanted (default: the run's k)", wholeNumber(1))
    .addOption(
      new Option('--method <method>', 'how to search; auto: what did best on the validation queries')
        .choices(ASKABLE_METHODS)
        .default(AUTO),
    )
    .option('--filter <filter>', 'e.g. "color=red|blue AND price<50"; may be repeated', collect, [])
    .option('--diversity <share>', 'from 0, only what fits best, to 1, as different as the method can', share)
    .option('--distinct <field>', 'at most one item for each value of a field; <field>:<n> for n', distinct)
    .option('--exclude <id>', 'an item that is not wanted; may be repeated', collect, [])
    .option('--offset <n>', 'items to pass over: more like this set', wholeNumber(0))
    .option('--min-score <score>', 'leave out items whose cosine to the query is less, -1 to 1', cosine)
    .option('--steps <n>', "denoising steps (default: the run's)", wholeNumber(1))
    .option('--seed <n>', 'the same seed gives the same set', wholeNumber(0))
    .option('--threads <n>', 'threads to compute with (default: one a core)', wholeNumber(1))
    .option('--json', 'print the result as JSON')
    .action((folder: string, query: string, flags: SearchFlags) => searchAction(folder, query, flags, io));
}

/** `brand` or `brand:2`. */
function distinct(text: string): Distinct {
  const [, field, max] = /^(.+):(\d+)$/.exec(text) ?? [];
  return field === undefined ? { field: text } : { field, max: Number(max) };
}

async function searchAction(folder: string, query: string, flags: SearchFlags, io: CliIo): Promise<void> {
  const { threads, json, ...options } = flags;
  const [{ Retriever }, { localRun }, { validateQuery }, { parseFilter }] = await Promise.all([
    import('../retrieve/retriever.js'),
    import('../run/remoteRun.js'),
    import('../catalog/queries.js'),
    import('../catalog/filter/parseFilter.js'),
  ]);
  // Loading a run takes a while; what is wrong with the question is known before.
  validateQuery(query);
  flags.filter.forEach(parseFilter);
  const { signal } = io;
  const run = await fetching(folder, io, (control) => localRun(folder, control));
  await using retriever = await Retriever.load(run, {
    methods: [flags.method],
    threads,
    signal,
  });
  const result = await retriever.search(query, { ...options, signal });
  if (result.fallback !== undefined) {
    io.stderr.write(`r4t: plain search answers instead: ${result.fallback}\n`);
  }
  if (result.unknown)
    io.stderr.write('r4t: nothing is known of the query here, nor near it, so there are no items\n');
  if (json) return void io.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  if (result.items.length > 0) io.stdout.write(`${await itemTable(result, io)}\n\n`);
  const found = result.items.length;
  const wanted = options.k ?? retriever.k;
  io.stdout.write(`${found}${found < wanted ? ` of ${wanted}` : ''} items by ${timings(result)}\n`);
  const { passing = wanted } = result;
  if (passing < wanted) {
    const few = `only ${passing} ${passing === 1 ? 'item passes' : 'items pass'}`;
    io.stderr.write(`r4t: ${passing === 0 ? 'no item passes' : few} the filter\n`);
  }
}

/** Titles and sub-queries are cut to this, so that rows stay lines: in a terminal, and elsewhere. `--json` has all of them. */
const [CELL, WIDE_CELL] = [48, 120];

async function itemTable({ items }: SearchResult, io: CliIo): Promise<string> {
  const { formatTable } = await import('../evaluate/table.js');
  const length = isTerminal(io.stdout, io) ? CELL : WIDE_CELL;
  const cell = (text = '') => truncate(oneLine(text), length);
  const rows = items.map((item, i) => ({ ...item, place: i + 1 }));
  type Row = (typeof rows)[number];
  return formatTable<Row>(rows, [
    { title: 'rank', value: ({ place }) => place, digits: 0 },
    { title: 'title', value: ({ title }) => cell(title) },
    ...(rows.some(({ category }) => category !== undefined)
      ? [{ title: 'category', value: ({ category }: Row) => cell(category) }]
      : []),
    { title: 'relevance', value: ({ score }) => score },
    { title: 'why', value: ({ why }) => cell(why) },
  ]);
}

function timings({ method, timings: { total, encode, directions, search } }: SearchResult): string {
  const parts = Object.entries({ encode, directions, search }).map(
    ([name, ms]) => `${name} ${ms.toFixed(1)}`,
  );
  return `${method} in ${total.toFixed(1)} ms (${parts.join(', ')})`;
}
