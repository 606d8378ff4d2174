/**
 * How much of a set that was given for a query is shown when that very query is asked: what a shop that has sets for its commonest
 * queries sees all day. The training queries of compiled runs are asked for ten items each, by methods that have learnt from sets;
 * `as learnt` is a model's own answer, without what was given being put first (src/retrieve/givenSets.ts).
 *
 *     npx jiti bench/askedAgain.ts packages/demo/kitchen runs/recipes     # [--queries 200]
 *
 * The figure is the share of the query's own items (of all its sets) among the ten, of as many as ten can be: 1 is the set itself. It says
 * nothing of new queries, which is what test queries are for.
 */
import { parseArgs } from 'node:util';
import { METHOD_INFO } from '../src/evaluate/report/names.js';
import { formatTable } from '../src/evaluate/table.js';
import { gatherRows } from '../src/matrix.js';
import { CounterRandom } from '../src/random.js';
import { findSets } from '../src/retrieve/findSets.js';
import { loadRun } from '../src/retrieve/loadRun.js';
import type { MethodSpace } from '../src/retrieve/method.js';
import { splitQueries } from '../src/run/workspace.js';

const K = 10;
const METHODS = ['plain', 'vote', 'classifier', 'folm', 'diffusion'] as const;
const COMPILED = METHODS.slice(3);

const { values, positionals } = parseArgs({
  options: { queries: { type: 'string', default: '200' } },
  allowPositionals: true,
});
if (positionals.length === 0) throw new Error('usage: npx jiti bench/askedAgain.ts <run folder>...');

interface Row {
  readonly run: string;
  readonly queries: number;
  readonly shown: readonly number[];
  readonly learnt: readonly number[];
}

const rows: Row[] = [];
for (const folder of positionals) rows.push(await askAgain(folder));
console.log(
  formatTable(rows, [
    { title: 'run', value: ({ run }) => run },
    { title: 'queries', value: ({ queries }) => queries, digits: 0 },
    ...columns(METHODS, ({ shown }) => shown),
    ...columns(COMPILED, ({ learnt }) => learnt, ', as learnt'),
  ]),
);

async function askAgain(folder: string): Promise<Row> {
  const { workspace, space, release } = await loadRun(folder, { methods: METHODS });
  const { texts, vectors, references = [] } = await splitQueries(workspace, 'train');
  const own = new Map<string, Set<number>>();
  texts.forEach((text, i) => {
    own.set(text, new Set([...(own.get(text) ?? []), ...references[i]]));
  });
  const first = [...own.keys()].map((text) => texts.indexOf(text));
  const random = new CounterRandom(1, 'bench/asked-again');
  const drawn = Array.from(
    random.permutation(first.length).subarray(0, Number(values.queries)),
    (i) => first[i],
  );
  const queries = { texts: drawn.map((i) => texts[i]), vectors: gatherRows(vectors, drawn) };
  const measure = async (method: (typeof METHODS)[number], from: MethodSpace): Promise<number> => {
    const sets = await findSets(from, method, queries, { k: K });
    const shares = sets.map(({ assigned }, q) => {
      const given = own.get(queries.texts[q])!;
      return assigned.filter(({ item }) => given.has(item)).length / Math.min(K, given.size);
    });
    return shares.reduce((sum, share) => sum + share, 0) / shares.length;
  };
  const shown: number[] = [];
  for (const method of METHODS) shown.push(await measure(method, space));
  const learnt: number[] = [];
  for (const method of COMPILED) learnt.push(await measure(method, { ...space, training: undefined }));
  await release();
  return { run: folder, queries: drawn.length, shown, learnt };
}

function columns(
  methods: readonly (typeof METHODS)[number][],
  of: (row: Row) => readonly number[],
  note = '',
) {
  return methods.map((method, m) => ({
    title: `${METHOD_INFO[method].name}${note}`,
    value: (row: Row) => of(row)[m],
  }));
}
