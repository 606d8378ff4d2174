/**
 * The end of `npm run quickstart` and of `npm run quickstart:emoji`: compares the retriever which `r4t compile` made with every baseline, on
 * queries and labels that nothing was trained or tuned on, says which to use, and shows sets side by side.
 *
 *     npx jiti examples/quickstart.ts kitchen     # or openmoji
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  evaluateRuns,
  formatTable,
  InputError,
  type MethodName,
  type ReportData,
  type ReportedQuery,
  type ReportedSet,
  verdict,
} from 'r4t';
import { readCatalog, shownQueries } from './quickstart/data.js';
import { type LabelFigures, readLanguageModel } from './quickstart/languageModel.js';
import { drawSets, setsPage } from './quickstart/picture.js';

interface Quickstart {
  readonly run: string;
  readonly command: string;
  /** What makes an item right. */
  readonly right: string;
  readonly ask: string;
}

const QUICKSTARTS: Readonly<Record<string, Quickstart>> = {
  kitchen: {
    run: join('runs', 'quickstart'),
    command: 'npm run quickstart',
    right: 'what the dish needs',
    ask: 'vegetable curry',
  },
  openmoji: {
    run: join('runs', 'quickstart-emoji'),
    command: 'npm run quickstart:emoji',
    right: 'what people tagged with the query',
    ask: 'party',
  },
};
/** Test queries whose sets are shown, the first of them before all figures. */
const SHOWN = 5;

const [dataset = 'kitchen'] = process.argv.slice(2);
const quickstart = QUICKSTARTS[dataset];
if (!quickstart)
  throw new InputError(`"${dataset}" is none of ${Object.keys(QUICKSTARTS).join(', ')}`, {
    field: 'data set',
  });
const { run, command, right, ask } = quickstart;
const out = join(run, 'evaluate');

const report = await evaluateRuns([run], {
  out,
  dataset,
  command,
  onProgress: ({ done, total }) => process.stderr.write(`comparing ${done}/${total}\r`),
});
const catalog = readCatalog(join('runs', dataset, 'catalog.jsonl'));
const stages = readStages();
const shown = shownQueries(report.queries, SHOWN);
const [first, ...others] = shown;
const sentences = verdict(report.results);
/** What `auto` is, and the answer. */
const answers = sentences.slice(0, report.results.validated ? 2 : 1);
const compiled = sentences.slice(answers.length);
const lists = join('runs', dataset, 'languageModel.jsonl');
const languageModel = existsSync(lists)
  ? readLanguageModel({
      answers: lists,
      sets: join('runs', dataset, 'sets.jsonl'),
      catalog,
      k: report.results.k,
    })
  : undefined;

console.log(`\n${stagesLine()}`);
if (first) printSideBySide(first);
console.log(`\n${answers.join('\n')}`);
printTable(report);
if (compiled.length > 0) console.log(`\n${compiled.join('\n')}`);
if (existsSync(lists)) console.log(`\n${languageModelLine()}`);
for (const query of others) printSideBySide(query);
writeFigures(join(run, 'quickstart.json'));
const page = join(run, 'sets.html');
writeFileSync(page, setsPage(dataset, await drawSets(shown, { catalog, right })));
console.log(
  `\nThese sets with pictures: ${page}; everything: ${join(out, 'report.html')}; search: npx r4t search ${run} "${ask}"`,
);

/** Seconds by stage, in the order in which the stages ran. */
function readStages(): Record<string, number> {
  const { stages: records } = JSON.parse(readFileSync(join(run, 'run.json'), 'utf8')) as {
    stages: Record<string, { seconds: number }>;
  };
  return Object.fromEntries(Object.entries(records).map(([stage, { seconds }]) => [stage, seconds]));
}

function stagesLine(): string {
  const total = Object.values(stages).reduce((sum, seconds) => sum + seconds, 0);
  const parts = Object.entries(stages).map(([stage, seconds]) => `${stage} ${seconds.toFixed(0)}`);
  return `Seconds: ${parts.join(', ')}, together ${total.toFixed(0)}`;
}

/** Plain search and Diffusion for one query, item by item. */
function printSideBySide({ query, sets }: ReportedQuery): void {
  const columns = (['plain', 'diffusion'] as const).map((name) => ({ name, items: sets[name]?.items ?? [] }));
  const [plain, diffusion] = columns.map(({ items }) => items);
  const length = Math.max(plain.length, diffusion.length);
  const rows = Array.from({ length }, (_, i) => ({ plain: plain[i], diffusion: diffusion[i] }));
  console.log(`\n"${query}"   (✓ ${right})`);
  console.log(
    formatTable(rows, [
      { title: `plain search: ${score(plain)}`, value: (row) => itemText(row.plain) },
      { title: `Diffusion: ${score(diffusion)}`, value: (row) => itemText(row.diffusion) },
    ]),
  );
}

type ShownItem = ReportedSet['items'][number];

function score(items: readonly ShownItem[]): string {
  return `${items.filter(({ relevant }) => relevant).length} of ${items.length} right`;
}

function itemText(item: ShownItem | undefined): string {
  if (!item) return '';
  const { emoji = '  ' } = catalog.get(item.id) ?? {};
  return `${item.relevant ? '✓' : ' '} ${emoji} ${item.title}`;
}

function printTable({ results }: ReportData): void {
  const { methods, labelled, k, chosen } = results;
  const rows = [
    ...(Object.keys(methods) as MethodName[]).map((name) => ({
      name: name + (name === chosen ? ' (chosen)' : ''),
      ...figuresOf(results, name),
    })),
    ...(languageModel ? [{ name: 'language model', ...languageModel.figures }] : []),
  ];
  console.log(`\nOn ${labelled} test queries, ${k} items each; right is ${right}:`);
  console.log(
    formatTable<Partial<LabelFigures> & { name: string }>(rows, [
      { title: 'method', value: (r) => r.name },
      { title: `P@${k}`, value: (r) => r.precisionAtK },
      { title: `Recall@${k}`, value: (r) => r.recallAtK },
      { title: `S-recall@${k}`, value: (r) => r.sRecallAtK },
      { title: `alpha-nDCG@${k}`, value: (r) => r.alphaNdcgAtK },
      { title: 'ms/query', value: (r) => r.msPerQuery, digits: 2 },
    ]),
  );
}

/** Means over the test queries. */
function figuresOf({ methods }: ReportData['results'], name: MethodName): Partial<LabelFigures> {
  const { metrics = {}, msPerQuery } = methods[name] ?? {};
  return {
    precisionAtK: metrics.precisionAtK?.mean,
    recallAtK: metrics.recallAtK?.mean,
    sRecallAtK: metrics.sRecallAtK?.mean,
    alphaNdcgAtK: metrics.alphaNdcgAtK?.mean,
    msPerQuery,
  };
}

function languageModelLine(): string {
  if (!languageModel)
    return 'The language model that wrote the training lists has written none for the test dishes, so it is not in the table.';
  const { queries, figures } = languageModel;
  const { msPerQuery } = report.results.methods.diffusion ?? {};
  const times = msPerQuery ? Math.round(figures.msPerQuery / msPerQuery).toLocaleString('en') : 'not';
  return (
    `The language model that wrote the training lists takes ${(figures.msPerQuery / 1000).toFixed(1)} s a list (median); ` +
    `Diffusion is ${times} times faster. Its row is over ${queries} of ${report.results.labelled} test queries.`
  );
}

/** The figures for programs: what the stages took, and each method's means over the test queries. */
function writeFigures(file: string): void {
  const { results } = report;
  const { folm, diffusion } = results.methods;
  const methods = Object.fromEntries(
    (Object.keys(results.methods) as MethodName[]).map((name) => {
      const { groundedness, diversity, alignment, composite } = results.methods[name]?.metrics ?? {};
      const diagnostics = { groundedness, diversity, alignment, composite };
      const means = Object.entries(diagnostics).map(([metric, estimate]) => [metric, estimate?.mean]);
      return [name, { ...Object.fromEntries(means), ...figuresOf(results, name) }];
    }),
  );
  const figures = {
    stages,
    queries: results.queries.test,
    methods: { ...methods, ...(languageModel && { languageModel: languageModel.figures }) },
    fanoutSpeedup: folm && diffusion ? folm.msPerQuery / diffusion.msPerQuery : undefined,
  };
  writeFileSync(file, `${JSON.stringify(figures, null, 2)}\n`);
}
