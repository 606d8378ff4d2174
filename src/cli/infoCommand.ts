import type { Command } from 'commander';
import type { FieldType } from '../catalog/filter/filterTable.js';
import type { CliIo } from './io.js';
import type { RunInfo, StageInfo } from './runInfo.js';
import { formatBytes, formatDuration, formatFigure, oneLine, truncate } from './text.js';

/** `r4t info`: what a run is made of and how far it is. */
export function addInfoCommand(program: Command, io: CliIo): void {
  program
    .command('info')
    .description('show what a run was made of, and its stages')
    .argument('<run>', 'run folder')
    .option('--json', 'print everything as JSON')
    .action(async (folder: string, { json }: { json?: true }) => {
      const { runInfo } = await import('./runInfo.js');
      const info = await runInfo(folder);
      io.stdout.write(`${json ? JSON.stringify(info, null, 2) : await describeRun(info)}\n`);
    });
}

/** Which method answers, and by how much it is better than what needs no compiling. */
async function describeAuto({ auto, config: { k }, stages }: RunInfo): Promise<string> {
  if (!auto) {
    const isDone = stages.some(({ stage, state }) => stage === 'choose' && state === 'done');
    return `plain (${isDone ? 'there are no validation queries to compare methods on' : 'no methods are compared yet: compile to the end'})`;
  }
  const { qualityName } = await import('../choose/qualityMetric.js');
  const { method, metric, value, queries, plain, bestBaseline, unclear } = auto;
  const reached = `${qualityName(metric, Number(k))} ${value.toFixed(3)} on ${queries} validation ${queries === 1 ? 'query' : 'queries'}`;
  const baseline = ['plain', method].includes(bestBaseline.method)
    ? []
    : [`best baseline ${bestBaseline.method} ${bestBaseline.value.toFixed(3)}`];
  const rivals = [
    ...baseline,
    ...(method === 'plain' ? ['no method is better'] : [`plain ${plain.toFixed(3)}`]),
  ];
  const doubt =
    unclear.length > 0 ? `; too few to be sure that it is better than ${unclear.join(' and ')}` : '';
  return `${method} (${reached}; ${rivals.join(', ')}${doubt})`;
}

/** Examples are cut to this. */
const EXAMPLE = 48;

async function describeRun(info: RunInfo): Promise<string> {
  const { formatTable } = await import('../evaluate/table.js');
  const { task, k, seed, dimensions } = info.config;
  const head = [
    ['run', info.run, formatBytes(info.bytes)],
    ['catalog', info.catalog.file, `${formatFigure(info.catalog.items)} items`, digest(info.catalog)],
    ...(info.queries ? [['queries', info.queries.file, digest(info.queries)]] : []),
    ...(info.sets ? [['sets', info.sets.file, digest(info.sets)]] : []),
    ['encoder', info.encoder],
    ['auto', await describeAuto(info)],
    ['settings', `task ${task}`, `k ${k}`, `dimensions ${dimensions}`, `seed ${seed}`],
  ].map(([name, ...facts]) => `${name.padEnd(9)} ${facts.map(oneLine).join(', ')}`);
  const table = formatTable(info.stages, [
    { title: 'stage', value: ({ stage }) => stage },
    { title: 'state', value: ({ state }) => state },
    { title: 'time', value: ({ seconds }) => optional(seconds, formatDuration) },
    { title: 'parameters', value: ({ parameters }) => optional(parameters, formatFigure) },
    { title: 'size', value: ({ bytes }) => optional(bytes || undefined, formatBytes) },
    { title: 'figures', value: describeFigures },
  ]);
  const fields =
    info.fields &&
    formatTable(info.fields, [
      { title: 'field', value: ({ name }) => oneLine(ownNameOf(info, name)) },
      { title: 'kind', value: describeKind },
      { title: 'items', value: ({ items }) => formatFigure(items) },
      {
        title: 'example',
        value: ({ example }) =>
          example === undefined ? undefined : truncate(oneLine(String(example)), EXAMPLE),
      },
    ]);
  const problems = info.stages.flatMap(({ problem }) => problem ?? []).join('\n');
  return [head.join('\n'), fields, table, problems || undefined]
    .filter((part) => part !== undefined)
    .join('\n\n');
}

/** A part of an item with the name that its column has in the catalog file. */
function ownNameOf({ config }: RunInfo, name: string): string {
  const own = (config.catalog as Readonly<Record<string, string | undefined>> | undefined)?.[name];
  return own === undefined || own === name || name === 'text' ? name : `${name} (${own})`;
}

function describeKind({ kind, isList, unit }: FieldType): string {
  const one = unit === undefined ? kind : `${unit === '%' ? 'number' : 'money'} in ${unit}`;
  return isList ? `list of ${one}` : one;
}

function optional(value: number | undefined, format: (value: number) => string): string | undefined {
  return value === undefined ? undefined : format(value);
}

const digest = ({ sha256 }: { sha256: string }): string => `sha256 ${sha256.slice(0, 8)}`;

/** Metrics shown, of the last step and normalised; all of them are in `metrics.jsonl`. */
const SHOWN_METRICS = 5;

function describeFigures({ figures, lastMetrics }: StageInfo): string | undefined {
  const numbers = (record: object) =>
    Object.entries(record).filter((entry): entry is [string, number] => typeof entry[1] === 'number');
  const { step, ...metrics } = lastMetrics ?? {};
  const shown = [
    ...numbers(figures),
    ...(step === undefined ? [] : ([['steps', step + 1]] as [string, number][])),
    ...numbers(metrics)
      .filter(([name]) => !name.endsWith('.raw'))
      .slice(0, SHOWN_METRICS),
  ];
  return shown.map(([name, value]) => `${name} ${formatFigure(value)}`).join(', ') || undefined;
}
