/**
 * The end of `npm run quickstart`: compares the retriever which `r4t compile` made of the OpenMoji catalog with its
 * opponents, on queries it was never trained on, and shows sets side by side.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ComparedMethod, compareRun, formatTable, type RunComparison } from 'r4t';
import { NAMES } from './methodNames.js';

const RUN = join('runs', 'quickstart');
/** Held-out queries whose sets are shown: broad ones which the words of the items do not answer. */
const SHOWN = ['party', 'winter', 'horror', 'music', 'medicine'];

const comparison = await compareRun(RUN, {
  onProgress: ({ done, total }) => process.stderr.write(`comparing ${done}/${total}\r`),
});
const { stages } = JSON.parse(readFileSync(join(RUN, 'run.json'), 'utf8')) as {
  stages: Record<string, { seconds: number }>;
};
const seconds = Object.fromEntries(Object.entries(stages).map(([name, stage]) => [name, stage.seconds]));
printStages(seconds);
printTable(comparison);
printSets(comparison);

const { queries, methods, fanoutSpeedup } = comparison;
const file = join(RUN, 'quickstart.json');
writeFileSync(file, `${JSON.stringify({ stages: seconds, queries, methods, fanoutSpeedup }, null, 2)}\n`);
console.log(`\nThe same figures: ${file}. Ask it yourself: npx r4t search ${RUN} "camping gear"`);

function printStages(all: Record<string, number>): void {
  const total = Object.values(all).reduce((sum, s) => sum + s, 0);
  const rows = [...Object.entries(all), ['total', total] as const].map(([stage, s]) => ({
    stage,
    seconds: s,
  }));
  console.log(
    `\n${formatTable(rows, [
      { title: 'stage', value: (r) => r.stage },
      { title: 'seconds', value: (r) => r.seconds, digits: 1 },
    ])}`,
  );
}

function printTable({ queries, methods, fanoutSpeedup, lambda, theta }: RunComparison): void {
  const rows = (Object.keys(NAMES) as ComparedMethod[]).map((name) => ({
    name: NAMES[name],
    ...methods[name],
  }));
  console.log(
    `\n${queries} held-out queries, 10 items each, batches of 8 (MMR lambda ${lambda}, DPP theta ${theta}, tuned on validation queries)`,
  );
  console.log(
    formatTable(rows, [
      { title: 'method', value: (r) => r.name },
      { title: 'groundedness', value: (r) => r.groundedness, digits: 3 },
      { title: 'diversity', value: (r) => r.diversity, digits: 3 },
      { title: 'alignment', value: (r) => r.alignment, digits: 3 },
      { title: 'composite', value: (r) => r.composite, digits: 3 },
      { title: 'ms/query', value: (r) => r.msPerQuery, digits: 2 },
    ]),
  );
  console.log(
    'Groundedness and composite compare the methods with sub-queries or directions of their own (from warm start on).',
  );
  console.log(`Ten directions by Diffusion: ${fanoutSpeedup.toFixed(1)}x faster than by the FOLM, batch 8.`);
}

function printSets({ workspace, test, sets }: RunComparison): void {
  for (const query of SHOWN) {
    const row = test.texts.indexOf(query);
    if (row < 0) continue;
    console.log(`\n"${query}"`);
    for (const method of ['plain', 'folm', 'diffusion'] as const) {
      const items = sets[method][row].assigned.map(({ item }) => workspace.items[item]);
      console.log(`  ${NAMES[method].padEnd(13)} ${items.map((i) => i.metadata.emoji).join(' ')}`);
      console.log(`  ${''.padEnd(13)} ${items.map((i) => i.title).join(', ')}`);
    }
  }
}
