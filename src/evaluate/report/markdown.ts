import type { EvaluationResults, MethodName, Metric, ReportData } from '../results.js';
import { type Column, formatTable } from '../table.js';
import { examples } from './examples.js';
import { count, figure, interval, milliseconds, plural, pValue, signed } from './figures.js';
import { extremes, type QueryGain, queryGains } from './gains.js';
import {
  bestMethod,
  METHOD_INFO,
  mainMetric,
  methodsOf,
  metricFigure,
  metricInfo,
  metricsOf,
  metricsOfMethod,
  ownMetric,
  shown,
} from './names.js';
import { plain } from './plain.js';
import { meaningful } from './schema.js';

const EXTREMES = 5;

/** The report's tables as Markdown. */
export function reportMarkdown(report: ReportData): string {
  const data = meaningful(report);
  const { results, steps, failures, command } = data;
  const main = mainMetric(results.task);
  return [
    `# ${plain(results.dataset)}`,
    summary(results),
    '## Results',
    `Means over test queries and seeds with 95% bootstrap intervals over queries; the best is bold. ` +
      `The main metric is ${metricInfo(main).name}.`,
    resultsTable(results, metricsOf(results, 'own')),
    ...heldoutSection(results),
    ...baselineSection(results),
    ...seedSection(results),
    ...(steps.length > 0 ? ['## Diffusion by number of steps', stepsTable(steps)] : []),
    ...gainSection(data),
    ...examples(data),
    '## Failures',
    failures.length === 0
      ? 'No query failed.'
      : formatTable(
          failures,
          [
            { title: 'method', value: ({ method }) => METHOD_INFO[method].name },
            { title: 'query', value: ({ query }) => plain(query) },
            { title: 'reason', value: ({ reason }) => plain(reason) },
          ],
          { style: 'markdown' },
        ),
    '## Settings',
    settings(results),
    '## Command',
    fenced(command),
  ]
    .join('\n\n')
    .concat('\n');
}

function summary({ task, queries, items, k, budget, seeds }: EvaluationResults): string {
  const kind = task === 'wscr' ? 'Weakly supervised retrieval (WSCR)' : 'Open-ended retrieval (OAR)';
  return (
    `${kind}: ${plural(queries.test, 'test query', 'test queries')} (${count(queries.train)} for training, ` +
    `${count(queries.valid)} for validation), ${plural(items, 'item')}, k = ${k} directions, ` +
    `B = ${count(budget)} items a query, ${plural(seeds.length, 'seed')} (${seeds.join(', ')}).`
  );
}

function resultsTable(results: EvaluationResults, metrics: readonly Metric[]): string {
  const best = new Map(metrics.map((metric) => [metric, bestMethod(results, metric)]));
  const cell = (name: MethodName, metric: Metric) => {
    const estimate = shown(name, metricsOfMethod(results, name), metric);
    if (estimate === undefined) return undefined;
    const format = metricFigure(metric);
    const mean = format(estimate.mean);
    return `${best.get(metric) === name ? `**${mean}**` : mean} ${interval(estimate, format)}`;
  };
  return formatTable(
    methodsOf(results),
    [
      methodColumn,
      ...metrics.map((metric) => ({
        title: metricInfo(metric).name,
        value: (name: MethodName) => cell(name, metric),
      })),
      { title: 'ms/query', value: (name) => milliseconds(results.methods[name]?.msPerQuery) },
    ],
    { style: 'markdown' },
  );
}

const methodColumn: Column<MethodName> = { title: 'method', value: (name) => METHOD_INFO[name].name };

function heldoutSection(results: EvaluationResults): string[] {
  const metrics = metricsOf(results, 'heldout');
  if (metrics.length === 0) return [];
  return [
    '## Under an encoder the reward never saw',
    `The same sets measured with ${plain(results.heldoutEncoder ?? 'a second encoder')}.`,
    resultsTable(results, metrics),
  ];
}

function baselineSection(results: EvaluationResults): string[] {
  const compared = methodsOf(results).flatMap((name) => {
    const comparison = results.methods[name]?.againstBestBaseline;
    return comparison === undefined ? [] : [{ name, ...comparison }];
  });
  if (compared.length === 0) return [];
  return [
    '## Against the best baseline',
    `Mean paired difference in ${metricInfo(mainMetric(results.task)).name} on the same queries, its 95% interval, ` +
      'and the p-value of a paired permutation test.',
    formatTable(
      compared,
      [
        { title: 'method', value: ({ name }) => METHOD_INFO[name].name },
        { title: 'best baseline', value: ({ baseline }) => METHOD_INFO[baseline].name },
        { title: 'difference', value: ({ mean }) => signed(mean) },
        { title: 'interval', value: (row) => interval(row, signed) },
        { title: 'p', value: (row) => pValue(row.pValue) },
      ],
      { style: 'markdown' },
    ),
  ];
}

function seedSection(results: EvaluationResults): string[] {
  const several = methodsOf(results).filter((name) =>
    Object.values(results.methods[name]?.perSeed ?? {}).some((values) => values.length > 1),
  );
  if (several.length === 0) return [];
  const perSeed = (name: MethodName, metric: Metric) =>
    shown(name, results.methods[name]?.perSeed ?? {}, metric)
      ?.map(metricFigure(metric))
      .join(' / ');
  const metrics = [...metricsOf(results, 'own'), ...metricsOf(results, 'heldout')].filter((metric) =>
    several.some((name) => perSeed(name, metric) !== undefined),
  );
  return [
    '## Spread over seeds',
    `The mean of each seed, in the order ${results.seeds.join(', ')}.`,
    formatTable(
      several,
      [
        methodColumn,
        ...metrics.map((metric) => ({
          title: `${metricInfo(metric).name}${ownMetric(metric) === metric ? '' : ' (held-out)'}`,
          value: (name: MethodName) => perSeed(name, metric),
        })),
      ],
      { style: 'markdown' },
    ),
  ];
}

function stepsTable(steps: ReportData['steps']): string {
  const metrics = [...new Set(steps.flatMap((step) => Object.keys(step.metrics) as Metric[]))];
  return formatTable(
    steps,
    [
      { title: 'steps', value: (row) => row.steps, digits: 0 },
      ...metrics.map((metric) => ({
        title: `${metricInfo(metric).name}${ownMetric(metric) === metric ? '' : ' (held-out)'}`,
        digits: metricInfo(metric).digits,
        value: (row: ReportData['steps'][number]) => row.metrics[metric],
      })),
      { title: 'ms/query', value: (row) => milliseconds(row.msPerQuery) },
    ],
    { style: 'markdown' },
  );
}

function gainSection(data: ReportData): string[] {
  const found = queryGains(data);
  if (found === undefined) return [];
  const { best, worst } = extremes(found, EXTREMES);
  const [before, after] = [METHOD_INFO[found.before].name, METHOD_INFO[found.after].name];
  const table = (rows: readonly QueryGain[]) =>
    formatTable(
      rows,
      [
        { title: 'query', value: ({ query }) => plain(query) },
        { title: before, value: (row) => figure(row.before) },
        { title: after, value: (row) => figure(row.after) },
        { title: 'gain', value: ({ gain }) => signed(gain) },
      ],
      { style: 'markdown' },
    );
  return [
    '## Best and worst queries',
    `${metricInfo(found.metric).name} of ${after} minus that of ${before}, of the first seed.`,
    ...(best.length > 0 ? [table(best)] : [`No query gains.`]),
    ...(worst.length > 0 ? [table(worst)] : [`No query loses.`]),
  ];
}

function settings({ tuned, heldoutEncoder, peakMemoryMiB }: EvaluationResults): string {
  const lines = Object.entries(tuned).map(
    ([name, value]) => `- ${plain(name)} = ${value}, tuned on the validation queries`,
  );
  if (heldoutEncoder !== undefined) lines.push(`- held-out encoder: ${plain(heldoutEncoder)}`);
  lines.push(`- peak memory of the evaluation: ${count(Math.round(peakMemoryMiB))} MiB`);
  return lines.join('\n');
}

/** A code block whose fence is longer than any in the text. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}sh\n${text}\n${fence}`;
}
