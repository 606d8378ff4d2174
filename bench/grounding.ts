/**
 * How recorded sub-queries of a language model find their items: by vectors alone, by words, or by both at several weights. Label metrics of
 * the first fan-out of each test query, on a run whose encode stage is done:
 *
 *     npm run build && npx jiti examples/kitchen/prepare.ts
 *     npx r4t compile runs/kitchen/catalog.jsonl --sets runs/kitchen/sets.jsonl --config examples/kitchen/config.json --stage encode --out runs/grounding
 *     npx jiti bench/grounding.ts runs/grounding examples/kitchen/fanOuts.jsonl
 */

import { hybridHits } from '../src/baselines/hybridHits.js';
import { aspectsOf } from '../src/candidates/aspects.js';
import { formatTable, labelMetrics, readFanOuts } from '../src/index.js';
import { assignItems } from '../src/retrieve/assign.js';
import { candidateMask } from '../src/retrieve/candidates.js';
import { loadRun } from '../src/retrieve/loadRun.js';

const [folder, file] = process.argv.slice(2);
if (!folder || !file) throw new Error('give a run and a file of recorded fan-outs');
const WEIGHTS = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1];

const { workspace, config, release } = await loadRun(folder, { threads: 1, methods: ['plain'] });
const { items, vectors, encoder, subQueryEncoder } = workspace;
const { k } = config;
const lists = new Map(
  (await readFanOuts(file)).filter(({ sample }) => sample === 0).map((one) => [one.query, one.subQueries]),
);
const tests = workspace.queries.filter(({ split, query }) => split === 'test' && lists.has(query));
const mask = candidateMask(workspace);
const aspectOf = aspectsOf(items, vectors, { field: config.catalog.aspect });
const encoders =
  subQueryEncoder.id === encoder.id ? { plain: encoder } : { plain: encoder, grounded: subQueryEncoder };

const rows: { name: string; weight: number; precision: number; recall: number; alphaNdcg: number }[] = [];
for (const [name, by] of Object.entries(encoders)) {
  for (const weight of WEIGHTS) {
    const totals = { precision: 0, recall: 0, alphaNdcg: 0 };
    for (const { query, items: reference } of tests) {
      const subQueries = lists.get(query)!.slice(0, k);
      const directions = await by.encode(subQueries);
      const hits = await hybridHits(workspace, subQueries, directions, { k, mask, weight });
      const assigned = assignItems(hits, { start: 0, count: subQueries.length, k });
      const retrieved = Int32Array.from(assigned, ({ item }) => item);
      const measured = labelMetrics({ retrieved, reference, k, aspectOf });
      totals.precision += measured.precisionAtK / tests.length;
      totals.recall += measured.recallAtK / tests.length;
      totals.alphaNdcg += measured.alphaNdcgAtK / tests.length;
    }
    rows.push({ name, weight, ...totals });
  }
}
await release();
console.log(`${tests.length} test queries`);
console.log(
  formatTable(rows, [
    { title: 'vectors of sub-queries', value: (row) => row.name },
    { title: 'weight of words', value: (row) => row.weight, digits: 1 },
    { title: `P@${k}`, value: (row) => row.precision },
    { title: `Recall@${k}`, value: (row) => row.recall },
    { title: `alpha-nDCG@${k}`, value: (row) => row.alphaNdcg },
  ]),
);
