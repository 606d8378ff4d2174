/**
 * What search finds with and without the directions that all items, or all queries, have in common
 * (`src/encode/commonDirections.ts`), on the validation queries of data folders:
 *
 *   npx jiti bench/commonDirections.ts ../shared/data/bundle-clothing ../shared/data/ikea-rooms
 */

import { documentFrequencies, keywordSubQueries } from '../src/baselines/keywords.js';
import { CachedEncoder } from '../src/encode/cached.js';
import { commonDirections } from '../src/encode/commonDirections.js';
import { ProjectedEncoder } from '../src/encode/projectedEncoder.js';
import { fitProjection, project } from '../src/encode/projection.js';
import { SideBySideEncoder } from '../src/encode/sideBySide.js';
import { UseLiteEncoder } from '../src/encode/useLite.js';
import { formatTable } from '../src/evaluate/table.js';
import { matrix } from '../src/matrix.js';
import { ExactIndex } from '../src/vectorIndex/exactIndex.js';
import { D, K, meanRecall, retrieveTogether, validationData } from './validation.js';

/** Hits of plain search among which hubs are counted. */
const HEAD = 10;

interface Row {
  readonly data: string;
  readonly directions: string;
  readonly plain: number;
  readonly keywords: number;
  /** Different items among the heads of all queries, as a share of all places. */
  readonly different: number;
}

const encoder = await UseLiteEncoder.load();
const rows: Row[] = [];
for (const folder of process.argv.slice(2)) rows.push(...(await compare(folder)));
if (rows.length === 0) throw new Error('usage: npx jiti bench/commonDirections.ts <data folder>...');
console.log(
  formatTable(rows, [
    { title: 'data', value: (r) => r.data },
    { title: 'left out', value: (r) => r.directions },
    { title: 'R@B plain', value: (r) => r.plain },
    { title: 'R@B keywords', value: (r) => r.keywords },
    { title: `different in top ${HEAD}`, value: (r) => r.different },
  ]),
);

async function compare(folder: string): Promise<Row[]> {
  const data = await validationData(folder, encoder);
  const { items, budget, full } = data;
  const frequencies = documentFrequencies(items.map(({ text }) => text));
  const common = {
    nothing: matrix(0, encoder.dim),
    'mean of items': commonDirections([full.items]),
    'both means': commonDirections([full.items, full.train]),
  };
  const found: Row[] = [];
  for (const [directions, without] of Object.entries(common)) {
    const space = new SideBySideEncoder([{ encoder, common: without }]);
    const [own, train] = [full.items, full.train].map((vectors) => space.join([vectors]));
    const projection = await fitProjection([own, train], { d: D });
    const projected = new CachedEncoder(await ProjectedEncoder.create(space, projection));
    const index = await ExactIndex.create({ vectors: await project(projection, own) });
    const recall = (subQueriesOf: (query: string) => readonly string[]) =>
      meanRecall(data, async (query) =>
        retrieveTogether(index, await projected.encode(subQueriesOf(query)), budget),
      );
    const plain = await projected.encode(data.valid.map(({ query }) => query));
    const { indices } = await index.search(plain, { k: HEAD });
    found.push({
      data: data.name,
      directions,
      plain: await recall((query) => [query]),
      keywords: await recall((query) => keywordSubQueries(query, K, frequencies)),
      different: new Set(indices).size / indices.length,
    });
    await index.release();
  }
  return found;
}
