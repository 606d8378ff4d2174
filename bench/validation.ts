/** The validation queries of a data folder as `r4t bench quality` takes them, one a set, and what directions recall of their sets. */
import { basename, join } from 'node:path';
import { loadCatalog } from '../src/catalog/catalog.js';
import type { Item, QueryRecord } from '../src/catalog/item.js';
import { queriesForSets } from '../src/catalog/queriesForSets.js';
import { loadSets } from '../src/catalog/sets.js';
import { commonDirections } from '../src/encode/commonDirections.js';
import type { Encoder } from '../src/encode/encoder.js';
import { fitProjection, project } from '../src/encode/projection.js';
import { recallAtB } from '../src/evaluate/setMetrics.js';
import type { Matrix } from '../src/matrix.js';
import { ExactIndex } from '../src/vectorIndex/exactIndex.js';
import { retrieveBudget } from '../src/vectorIndex/retrieveBudget.js';
import type { VectorIndex } from '../src/vectorIndex/vectorIndex.js';

/** Dimensions, directions and share of the catalog, as in `r4t bench quality`. */
export const [D, K, BUDGET] = [256, 10, 0.035];

export interface ValidationData {
  /** The folder's name. */
  readonly name: string;
  readonly items: readonly Item[];
  readonly train: readonly QueryRecord[];
  readonly valid: readonly QueryRecord[];
  /** B, in items. */
  readonly budget: number;
  /** Embeddings before the projection, of the items and of the training queries. */
  readonly full: { readonly items: Matrix; readonly train: Matrix };
}

export async function validationData(folder: string, encoder: Encoder): Promise<ValidationData> {
  const catalog = await loadCatalog(join(folder, 'catalog.jsonl'));
  const { items } = catalog;
  const sets = await loadSets(join(folder, 'sets.jsonl'), catalog);
  const queries = queriesForSets({ items, sets, queriesPerSet: 1, seed: 1 }).filter(
    (q) => q.items.length > 0,
  );
  const train = queries.filter(({ split }) => split === 'train');
  return {
    name: basename(folder),
    items,
    train,
    valid: queries.filter(({ split }) => split === 'valid'),
    budget: Math.round(BUDGET * items.length),
    full: {
      items: await encoder.encode(items.map(({ text }) => text)),
      train: await encoder.encode(train.map(({ query }) => query)),
    },
  };
}

/** Validation data in the space that is searched: without what items and queries have in common, in `D` dimensions. */
export interface SearchedData extends ValidationData {
  readonly vectors: Matrix;
  readonly index: ExactIndex;
  /** Embeddings of the validation queries. */
  readonly queries: Matrix;
  /** Embeddings of the training queries. */
  readonly trained: Matrix;
}

export async function searchedData(folder: string, encoder: Encoder): Promise<SearchedData> {
  const data = await validationData(folder, encoder);
  const { items, train } = data.full;
  const projection = await fitProjection([items, train], { d: D, without: commonDirections([items, train]) });
  const vectors = await project(projection, items);
  const full = await encoder.encode(data.valid.map(({ query }) => query));
  return {
    ...data,
    vectors,
    index: await ExactIndex.create({ vectors }),
    queries: await project(projection, full),
    trained: await project(projection, train),
  };
}

/** Mean recall of the validation sets by B rows each. */
export async function meanRecall(
  { valid, budget }: Pick<ValidationData, 'valid' | 'budget'>,
  retrieve: (query: string) => Promise<Int32Array>,
): Promise<number> {
  let sum = 0;
  for (const { query, items: reference } of valid)
    sum += recallAtB({ retrieved: await retrieve(query), reference, budget });
  return sum / valid.length;
}

/** What directions retrieve together, taking turns. */
export async function retrieveTogether(
  index: VectorIndex,
  directions: Matrix,
  budget: number,
): Promise<Int32Array> {
  const [retrieved] = await retrieveBudget(index, { directions, perQuery: directions.rows, budget });
  return retrieved;
}
