/**
 * All labelled sets of a small data folder as test sets, in turn: few test queries tell nothing apart. Every fifth set is tested, a
 * seventh of the rest is for validation, and what is tested teaches and chooses nothing in its fold.
 *
 *     npm run build && npx jiti bench/folds.ts --data ../shared/data/ikea-rooms --out bench/rooms-folds [--folds 5] [--task wscr]
 *
 * Runs `r4t bench quality` for each fold (one seed) and goes on where it was. Prints the means over all sets, and of
 * each method the paired comparison with the best baseline of all sets, which is harder to beat than what a validation would choose.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readLines } from '../examples/quickstart/data.js';
import { comparePaired } from '../src/evaluate/bootstrap.js';
import { METHOD_INFO } from '../src/evaluate/report/names.js';
import {
  BASELINES,
  METHODS,
  type MethodName,
  type Metric,
  type ReportData,
} from '../src/evaluate/results.js';
import { CounterRandom } from '../src/random.js';

const SEED = 1;
const METRICS = [
  'precisionAtK',
  'sRecallAtK',
  'alphaNdcgAtK',
  'recallAtB',
] as const satisfies readonly Metric[];

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    folds: { type: 'string', default: '5' },
    task: { type: 'string', default: 'wscr' },
  },
});
const { data, out, task } = values;
if (!data || !out) throw new Error('give --data and --out');
const folds = Number(values.folds);

interface LabelledSet {
  readonly query?: string;
  readonly items: readonly string[];
}

const all = readLines<LabelledSet>(join(data, 'sets.jsonl')).filter(({ query }) => query !== undefined);
const order = new CounterRandom(SEED, 'bench/folds').permutation(all.length);

function splitOf(place: number, fold: number): string {
  if (place % folds === fold) return 'test';
  return Math.floor(place / folds) % 7 === 0 ? 'valid' : 'train';
}

function writeFold(folder: string, fold: number): void {
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(data!, 'catalog.jsonl'), join(folder, 'catalog.jsonl'));
  const lines = Array.from(order, (row, place) =>
    JSON.stringify({ ...all[row], split: splitOf(place, fold) }),
  );
  writeFileSync(join(folder, 'sets.jsonl'), `${lines.join('\n')}\n`);
}

const reports: ReportData[] = [];
for (let fold = 0; fold < folds; fold++) {
  const folder = join(out, `fold-${fold + 1}`);
  const result = join(out, `result-${fold + 1}`);
  const report = join(result, 'report.json');
  if (!existsSync(report)) {
    writeFold(folder, fold);
    const args = ['bench', 'quality', '--data', folder, '--task', task, '--seeds', '1', '--out', result];
    const { status } = spawnSync(process.execPath, ['dist/cli/main.js', ...args], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
  reports.push(JSON.parse(readFileSync(report, 'utf8')) as ReportData);
}

/** One number of every tested set; undefined where a method has none. */
function perSet(method: MethodName, metric: Metric): number[] | undefined {
  const numbers = reports.flatMap(({ queries }) => queries.map(({ sets }) => sets[method]?.metrics[metric]));
  return numbers.every((x) => x !== undefined) ? numbers : undefined;
}
const mean = (numbers: readonly number[]) => numbers.reduce((sum, x) => sum + x, 0) / numbers.length;

const main = 'alphaNdcgAtK';
const worth = (method: MethodName) => mean(perSet(method, main) ?? [0]);
const best = BASELINES.reduce((a, b) => (worth(b) > worth(a) ? b : a));
console.log(`${all.length} sets in ${folds} folds; best baseline: ${METHOD_INFO[best].name}\n`);
console.log(`| method | ${METRICS.join(' | ')} | ${main} against the best baseline |`);
console.log(`|---|${METRICS.map(() => '---:|').join('')}---|`);
for (const method of METHODS) {
  const own = perSet(method, main);
  if (!own) continue;
  const figures = METRICS.map((metric) => mean(perSet(method, metric) ?? [Number.NaN]).toFixed(4));
  const { low, high, mean: difference, pValue } = comparePaired(own, perSet(best, main)!);
  const against =
    method === best
      ? ''
      : `${difference.toFixed(4)} [${low.toFixed(4)}, ${high.toFixed(4)}], p = ${pValue.toFixed(3)}`;
  console.log(`| ${METHOD_INFO[method].name} | ${figures.join(' | ')} | ${against} |`);
}
