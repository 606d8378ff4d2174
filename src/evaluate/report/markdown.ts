import { qualityName } from '../../choose/qualityMetric.js';
import type { EvaluationResults, MethodName, Metric, ReportData } from '../results.js';
import { type Column, formatTable } from '../table.js';
import { examples } from './examples.js';
import { count, figure, interval, milliseconds, plural, pValue, signed } from './figures.js';
import { extremes, type QueryGain, queryGains } from './gains.js';
import {
  bestBaseline,
  bestMethod,
  JUDGED_METRIC,
  judgedBy,
  MAIN_METRIC,
  METHOD_INFO,
  methodsOf,
  metricFigure,
  metricInfo,
  metricName,
  metricsOf,
  metricsOfMethod,
  shown,
} from './names.js';
import { plain } from './plain.js';
import { meaningful } from './schema.js';
import { verdict } from './sections/verdict.js';

const EXTREMES = 5;

/** The report's tables as Markdown. */
export function reportMarkdown(report: ReportData): string {
  const data = meaningful(report);
  const { results, steps, failures, command } = data;
  return [
    `# ${plain(results.dataset)}`,
    verdict(results).join(' '),
    summary(results),
    ...labelSection(results),
    ...judgeSection(results),
    ...comparisonSection(results),
    ...diagnosticsSection(results),
    ...seedSection(results),
    ...(steps.length > 0 ? ['## Diffusion by number of steps', stepsTable(data)] : []),
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

function summary({ task, queries, items, k, budget, seeds, labelled }: EvaluationResults): string {
  const kind = task === 'wscr' ? 'Weakly supervised retrieval (WSCR)' : 'Open-ended retrieval (OAR)';
  return (
    `${kind}: ${plural(queries.test, 'test query', 'test queries')} (${count(labelled)} with a reference set; ${count(queries.train)} for training, ` +
    `${count(queries.valid)} for validation), ${plural(items, 'item')}, k = ${k} directions, ` +
    `B = ${count(budget)} items a query, ${plural(seeds.length, 'seed')} (${seeds.join(', ')}).`
  );
}

function labelSection(results: EvaluationResults): string[] {
  const metrics = metricsOf(results, 'labels');
  if (metrics.length === 0) return [];
  const { methods, chosen } = results;
  const main = metricName(MAIN_METRIC, results);
  const baseline = bestBaseline(results);
  const beside: Column<MethodName>[] = [
    { title: 'validation', value: (name) => mapped(methods[name]?.validation, figure) },
    { title: 'vs Plain', value: (name) => mapped(methods[name]?.againstPlain?.mean, signed) },
    ...(baseline !== undefined && baseline !== 'plain'
      ? [
          {
            title: `vs ${METHOD_INFO[baseline].short}`,
            value: (name: MethodName) => mapped(methods[name]?.againstBestBaseline?.mean, signed),
          },
        ]
      : []),
  ];
  return [
    '## By labels',
    `Right is what is in a query's reference set. Means over test queries and seeds, of ${main} with its 95% bootstrap interval over ` +
      `queries; the best is bold. Validation: ${main} on the validation queries` +
      `${chosen === undefined ? '' : `, by which ${METHOD_INFO[chosen].name} is chosen`}. vs: paired differences in ${main}.`,
    resultsTable(results, metrics, beside),
  ];
}

function judgeSection(results: EvaluationResults): string[] {
  const metrics = metricsOf(results, 'judge');
  if (metrics.length === 0) return [];
  const { methods, validated, k } = results;
  const beside: Column<MethodName>[] = validated
    ? [{ title: 'validation', value: (name) => mapped(methods[name]?.validation, figure) }]
    : [];
  return [
    '## By the judge',
    `${judgedBy(results)} Means over test queries and seeds with their 95% bootstrap intervals over queries; the best is bold.` +
      `${validated === undefined ? '' : ` Validation: ${qualityName(validated.metric, k)} on the validation queries, by which auto is chosen.`}`,
    resultsTable(results, metrics, beside),
  ];
}

function diagnosticsSection(results: EvaluationResults): string[] {
  const tables = [
    ['diagnostics', 'What embeddings say of the sets, and nobody who looks at a set sees.'],
    [
      'heldout',
      `The same under ${plain(results.heldoutEncoder ?? 'a second encoder')}, which the reward never saw.`,
    ],
  ] as const;
  const parts = tables.flatMap(([table, about]) => {
    const metrics = metricsOf(results, table);
    return metrics.length === 0 ? [] : [about, resultsTable(results, metrics)];
  });
  return parts.length === 0 ? [] : ['## Diagnostics', ...parts];
}

const MAIN_METRICS: readonly Metric[] = [MAIN_METRIC, JUDGED_METRIC];

/** Means alone, but of the main metric with its interval: results.json has them all, and a terminal is narrow. */
function resultsTable(
  results: EvaluationResults,
  metrics: readonly Metric[],
  beside: readonly Column<MethodName>[] = [],
): string {
  const best = new Map(metrics.map((metric) => [metric, bestMethod(results, metric)]));
  const cell = (name: MethodName, metric: Metric) => {
    const estimate = shown(name, metricsOfMethod(results, name), metric);
    if (estimate === undefined) return undefined;
    const format = metricFigure(metric);
    const mean = format(estimate.mean);
    const bold = best.get(metric) === name ? `**${mean}**` : mean;
    return MAIN_METRICS.includes(metric) ? `${bold} ${interval(estimate, format)}` : bold;
  };
  return formatTable(
    methodsOf(results),
    [
      methodColumn,
      ...metrics.map((metric) => ({
        title: metricName(metric, results),
        value: (name: MethodName) => cell(name, metric),
      })),
      ...beside,
      { title: 'ms/query', value: (name) => milliseconds(results.methods[name]?.msPerQuery) },
    ],
    { style: 'markdown' },
  );
}

const methodColumn: Column<MethodName> = { title: 'method', value: (name) => METHOD_INFO[name].name };

function comparisonSection(results: EvaluationResults): string[] {
  const { methods } = results;
  const baseline = bestBaseline(results);
  const rivals = [
    { rival: 'plain' as MethodName, of: (name: MethodName) => methods[name]?.againstPlain },
    ...(baseline !== undefined && baseline !== 'plain'
      ? [{ rival: baseline, of: (name: MethodName) => methods[name]?.againstBestBaseline }]
      : []),
  ];
  const compared = methodsOf(results).filter((name) => rivals.some(({ of }) => of(name)));
  if (compared.length === 0) return [];
  return [
    '## Paired comparisons',
    `Mean difference in ${metricName(MAIN_METRIC, results)} on the same test queries to plain search` +
      `${rivals.length > 1 ? ` and to ${METHOD_INFO[rivals[1].rival].name}, the best baseline of the validation queries` : ''}, ` +
      'its 95% interval, and the p-value of a paired permutation test.',
    formatTable(
      compared,
      [
        methodColumn,
        ...rivals.flatMap(({ rival, of }): Column<MethodName>[] => [
          { title: `vs ${METHOD_INFO[rival].short}`, value: (name) => mapped(of(name)?.mean, signed) },
          { title: 'interval', value: (name) => mapped(of(name), (found) => interval(found, signed)) },
          { title: 'p', value: (name) => mapped(of(name), (found) => pValue(found.pValue)) },
        ]),
      ],
      { style: 'markdown' },
    ),
  ];
}

function mapped<T, U>(value: T | undefined, map: (value: T) => U): U | undefined {
  return value === undefined ? undefined : map(value);
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
  const metrics = shownMetrics(results);
  return [
    '## Spread over seeds',
    `The mean of each seed, in the order ${results.seeds.join(', ')}.`,
    formatTable(
      several,
      [
        methodColumn,
        ...metrics.map((metric) => ({
          title: metricName(metric, results),
          value: (name: MethodName) => perSeed(name, metric),
        })),
      ],
      { style: 'markdown' },
    ),
  ];
}

function stepsTable({ results, steps }: ReportData): string {
  const metrics = shownMetrics(results).filter((metric) =>
    steps.some((step) => step.metrics[metric] !== undefined),
  );
  return formatTable(
    steps,
    [
      { title: 'steps', value: (row) => row.steps, digits: 0 },
      ...metrics.map((metric) => ({
        title: metricName(metric, results),
        digits: metricInfo(metric).digits,
        value: (row: ReportData['steps'][number]) => row.metrics[metric],
      })),
      { title: 'ms/query', value: (row) => milliseconds(row.msPerQuery) },
    ],
    { style: 'markdown' },
  );
}

/** What labels say, and where there are none what the judge and embeddings say. */
function shownMetrics(results: EvaluationResults): Metric[] {
  if (results.labelled > 0) return metricsOf(results, 'labels');
  return [...metricsOf(results, 'judge'), ...metricsOf(results, 'diagnostics')];
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
    `${metricName(found.metric, data.results)} of ${after} minus that of ${before}, of the first seed.`,
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
