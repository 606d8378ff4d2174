/**
 * The end of `npm run quickstart`: compares the retriever which `r4t compile` made of the OpenMoji catalog with every baseline, on
 * queries and labels that nothing was trained or tuned on, says which to use, and shows sets side by side.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { evaluateRuns, formatTable, METHOD_INFO, type MethodName, type ReportData, verdict } from 'r4t';

const RUN = join('runs', 'quickstart');
const OUT = join(RUN, 'evaluate');
/** Test queries whose sets are shown: broad ones which the words of the items do not answer. */
const SHOWN = ['party', 'halloween', 'music', 'medicine', 'weather'];

const report = await evaluateRuns([RUN], {
  out: OUT,
  dataset: 'openmoji',
  command: 'npm run quickstart',
  onProgress: ({ done, total }) => process.stderr.write(`comparing ${done}/${total}\r`),
});
printStages();
console.log(`\n${verdict(report.results).join('\n')}`);
printTable(report);
printSets(report);
console.log(
  `\nEverything, with pictures: ${join(OUT, 'report.html')}; search: npx r4t search ${RUN} "party"`,
);

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
  const { methods, labelled, k, chosen } = results;
  const rows = (Object.keys(methods) as MethodName[]).flatMap((name) => {
    const method = methods[name];
    return method ? [{ name, msPerQuery: method.msPerQuery, ...method.metrics }] : [];
  });
  console.log(`\nOn ${labelled} test queries, ${k} items each; right is what people tagged with the query:`);
  console.log(
    formatTable(rows, [
      { title: 'method', value: ({ name }) => name + (name === chosen ? ' (chosen)' : '') },
      { title: `P@${k}`, value: (r) => r.precisionAtK?.mean },
      { title: `Recall@${k}`, value: (r) => r.recallAtK?.mean },
      { title: `S-recall@${k}`, value: (r) => r.sRecallAtK?.mean },
      { title: `alpha-nDCG@${k}`, value: (r) => r.alphaNdcgAtK?.mean },
      { title: 'ms/query', value: (r) => r.msPerQuery, digits: 2 },
    ]),
  );
}

/** Plain search, the best baseline, the method chosen on validation queries, and what was compiled. */
function printSets({ results, queries }: ReportData): void {
  const { folm, diffusion } = results.methods;
  const baseline = (diffusion ?? folm)?.againstBestBaseline?.baseline;
  const wanted = new Set(['plain', baseline, results.chosen, 'folm', 'diffusion']);
  const methods = (Object.keys(results.methods) as MethodName[]).filter((name) => wanted.has(name));
  console.log('\n✓: in the reference set');
  for (const { query, sets } of queries.filter((shown) => SHOWN.includes(shown.query))) {
    console.log(`\n"${query}"`);
    for (const method of methods) {
      const items = sets[method]?.items ?? [];
      const titles = items.map(({ title, relevant }) => (relevant ? `✓ ${title}` : title));
      console.log(`  ${METHOD_INFO[method].short.padEnd(12)} ${titles.join(', ')}`);
    }
  }
}
