/**
 * The end of `npm run quickstart`: compares the retriever which `r4t compile` made of the OpenMoji catalog with its
 * baselines, on queries it was never trained on, and shows sets side by side.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateRuns, formatTable, type MethodName, type ReportData } from 'r4t';

const RUN = join('runs', 'quickstart');
const OUT = join(RUN, 'evaluate');
/** Held-out queries whose sets are shown: broad ones which the words of the items do not answer. */
const SHOWN = ['party', 'winter', 'horror', 'music', 'medicine'];

const report = await evaluateRuns([RUN], {
  out: OUT,
  dataset: 'openmoji',
  command: 'npm run quickstart',
  onProgress: ({ done, total }) => process.stderr.write(`comparing ${done}/${total}\r`),
});
printStages();
printTable(report);
printSets(report);
console.log(`\nEverything with pictures: ${join(OUT, 'report.html')}`);
console.log(`Ask it yourself: npx r4t search ${RUN} "camping gear"`);

function printStages(): void {
  const { stages } = JSON.parse(readFileSync(join(RUN, 'run.json'), 'utf8')) as {
    stages: Record<string, { seconds: number }>;
  };
  const seconds = Object.entries(stages).map(([stage, record]) => ({ stage, seconds: record.seconds }));
  const total = seconds.reduce((sum, row) => sum + row.seconds, 0);
  console.log(
    `\n${formatTable(
      [...seconds, { stage: 'total', seconds: total }],
      [
        { title: 'stage', value: (r) => r.stage },
        { title: 'seconds', value: (r) => r.seconds, digits: 1 },
      ],
    )}`,
  );
}

function printTable({ results }: ReportData): void {
  const { methods, queries, k, tuned } = results;
  const settings = Object.entries(tuned).map(([name, value]) => `${name} ${value}`);
  console.log(
    `\n${queries.test} held-out queries, ${k} items each (on validation queries: ${settings.join(', ')})`,
  );
  const rows = (Object.keys(methods) as MethodName[]).flatMap((name) => {
    const method = methods[name];
    return method ? [{ name, msPerQuery: method.msPerQuery, ...method.metrics }] : [];
  });
  console.log(
    formatTable(rows, [
      { title: 'method', value: (r) => r.name },
      { title: 'groundedness', value: (r) => r.groundedness?.mean },
      { title: 'diversity', value: (r) => r.diversity?.mean },
      { title: 'alignment', value: (r) => r.alignment?.mean },
      { title: 'composite', value: (r) => r.composite?.mean },
      { title: 'ms/query', value: (r) => r.msPerQuery, digits: 2 },
    ]),
  );
  console.log('Groundedness and composite compare the methods with directions of their own.');
}

function printSets({ queries }: ReportData): void {
  for (const query of SHOWN) {
    const found = queries.find((q) => q.query === query);
    if (!found) continue;
    console.log(`\n"${query}"`);
    for (const method of ['plain', 'folm', 'diffusion'] as const) {
      const titles = found.sets[method]?.items.map((item) => item.title) ?? [];
      console.log(`  ${method.padEnd(10)} ${titles.join(', ')}`);
    }
  }
}
