import { basename, dirname, join } from 'node:path';
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Split } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import { InputError } from '../errors.js';
import { formatTable } from '../evaluate/table.js';
import type { LabelFolder } from '../labels/labelFolder.js';
import { choiceBetween, type Labels, onTopic } from '../labels/labels.js';
import type { PlannedTask } from '../labels/labelTask.js';
import { summarize } from '../labels/summary.js';
import { METHOD_NAMES, type Method } from '../retrieve/methodNames.js';
import { aborted, type CliIo } from './io.js';
import { wholeNumber } from './options.js';

interface LabelFlags {
  readonly queries?: string;
  readonly split?: Split;
  readonly limit: number;
  readonly methods?: readonly Method[];
  readonly out?: string;
  readonly seed: number;
  readonly port: number;
  readonly open: boolean;
}

/** `r4t label`: a person says which items are on topic, and which of two sets is better. */
export function addLabelCommand(program: Command, io: CliIo): void {
  program
    .command('label')
    .description('say in the browser which items and sets are on topic, to compile from')
    .argument('<run>', 'run folder')
    .option('--queries <file>', 'queries to ask about (default: those of the run)')
    .addOption(
      new Option('--split <split>', "only the run's queries of this side").choices([
        'train',
        'valid',
        'test',
      ]),
    )
    .option('--limit <n>', 'queries at most', wholeNumber(1), 40)
    .option(
      '--methods <two>',
      'whose sets are compared (default: plain and what the run answers by)',
      twoMethods,
    )
    .option('--out <folder>', 'where labels are kept (default: labels in the run folder)')
    .option(
      '--seed <n>',
      'decides which queries are asked, and which set stands on the left',
      wholeNumber(0),
      0,
    )
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', wholeNumber(0), 7482)
    .option('--no-open', 'do not open the browser')
    .action((folder: string, flags: LabelFlags) => labelAction(folder, flags, io));
}

function twoMethods(text: string): Method[] {
  return text.split(',').map((name) => {
    const method = METHOD_NAMES.find((known) => known === name.trim());
    if (method) return method;
    throw new InvalidArgumentError(`"${name}" is none of ${METHOD_NAMES.join(', ')}.`);
  });
}

async function labelAction(folder: string, flags: LabelFlags, io: CliIo): Promise<void> {
  const { out, port, open, ...options } = flags;
  const [{ startServer }, { pino }, { RunFolder }, { planLabelling }, { openRunLabels }] = await Promise.all([
    import('../serve/http/server.js'),
    import('pino'),
    import('../run/runFolder.js'),
    import('../labels/labelTask.js'),
    import('../labels/runLabels.js'),
  ]);
  const run = await RunFolder.open(folder);
  const plan = await planLabelling(run, options);
  const labels = await openRunLabels(folder, out);
  // What cannot be read is better said now than at the first click.
  const before = progressOf(plan, await labels.read());
  const next = nextCommand(folder, run.manifest.catalog.file, labels.path('sets'));
  const server = await startServer({
    run: folder,
    labels: labels.folder,
    task: { ...plan, next },
    host: '127.0.0.1',
    port,
    keys: [],
    threads: 1,
    seconds: 60,
    queue: 512,
    logQueries: false,
    log: pino({ level: 'silent' }),
  });
  try {
    for (const method of plan.methods) {
      const missing = server.host.facts.methods.find((one) => one.method === method)?.missing;
      if (missing !== undefined)
        throw new InputError(`cannot be ${method} here: ${missing}`, { field: 'methods' });
    }
    const url = `${server.url}/label.html`;
    io.stderr.write(`r4t: ${url}: ${before}; labels go to ${labels.folder} (end with Ctrl-C)\n`);
    if (open) io.open?.(url);
    await aborted(io.signal);
  } finally {
    await server.close();
  }
  io.stdout.write(`${await describeLabels(plan, labels, next, run.manifest.sets?.file)}\n`);
}

const progressOf = ({ queries, methods }: PlannedTask, labels: Labels): string => {
  const done = queries.filter((query) => choiceBetween(labels.get(normalizeKey(query)), methods)).length;
  return `${done} of ${queries.length} queries are done`;
};

/** The command that makes a run of the labels, beside the one they were given for. */
const nextCommand = (run: string, catalog: string, sets: string): string =>
  `r4t compile ${catalog.split(', ').map(quoted).join(' ')} --sets ${quoted(sets)} --out ${quoted(join(dirname(run), `${basename(run)}-labelled`))}`;

const quoted = (text: string): string =>
  /^[\w./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;

async function describeLabels(
  plan: PlannedTask,
  folder: LabelFolder,
  next: string,
  sets: string | undefined,
): Promise<string> {
  const labels = await folder.read();
  if (labels.size === 0) return 'nothing was labelled';
  const topics = Array.from(labels.values(), (said) => onTopic(said).length);
  const labelled = topics.filter((items) => items > 0);
  const lines = [
    `${folder.folder}: ${progressOf(plan, labels)}; ${counted(sum(labelled), 'item')} on topic for ${counted(labelled.length, 'query')}`,
  ];
  const methods = summarize(labels);
  if (methods.length > 0) {
    lines.push(
      formatTable(methods, [
        { title: 'method', value: ({ method }) => method },
        { title: 'precision', value: ({ precision }) => precision },
        { title: 'on topic', value: ({ up }) => up, digits: 0 },
        { title: 'judged', value: ({ judged }) => judged, digits: 0 },
        { title: 'shown', value: ({ shown }) => shown, digits: 0 },
        { title: 'better', value: ({ won }) => won, digits: 0 },
        { title: 'worse', value: ({ lost }) => lost, digits: 0 },
        { title: 'equal', value: ({ equal }) => equal, digits: 0 },
      ]),
    );
  }
  if (labelled.length === 0)
    return [...lines, 'no item is on topic yet: there is nothing to compile from'].join('\n');
  lines.push(`compile from them: ${next}`);
  if (sets !== undefined)
    lines.push(
      `with the sets of this run: cat ${quoted(sets)} ${quoted(folder.path('sets'))} > sets.jsonl, and --sets sets.jsonl`,
    );
  return lines.join('\n');
}

const counted = (n: number, what: 'item' | 'query'): string =>
  `${n} ${n === 1 ? what : { item: 'items', query: 'queries' }[what]}`;

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
