/** OpenMoji's labelled queries, a space fitted to them, and what a search finds of them. */
import { join } from 'node:path';
import { loadCatalog } from '../src/catalog/catalog.js';
import { loadSets } from '../src/catalog/sets.js';
import type { Encoder, EncoderParts } from '../src/encode/encoder.js';
import { ProjectedEncoder } from '../src/encode/projectedEncoder.js';
import { project } from '../src/encode/projection.js';
import { fitSpace } from '../src/encode/space.js';
import { type LabelMetrics, labelMetrics } from '../src/evaluate/labelMetrics.js';
import { ExactIndex } from '../src/vectorIndex/exactIndex.js';

const K = 10;

export interface TagData {
  readonly texts: readonly string[];
  /** Each item's subgroup. */
  readonly aspects: readonly string[];
  /** Training queries. */
  readonly train: readonly string[];
  readonly test: readonly { readonly query: string; readonly items: readonly number[] }[];
}

export async function tagData(): Promise<TagData> {
  const folder = join('runs', 'openmoji');
  // Always anew: files of an older example would be measured in its place.
  await import('../examples/openmoji.js');
  const catalog = await loadCatalog(join(folder, 'catalog.jsonl'), { text: '{title} {category}' });
  const sets = (await loadSets(join(folder, 'sets.jsonl'), catalog)).map((set) => ({
    ...set,
    query: set.query ?? '',
  }));
  return {
    texts: catalog.items.map(({ text }) => text),
    aspects: catalog.items.map(({ category }) => category ?? ''),
    train: sets.filter(({ split }) => split === 'train').map(({ query }) => query),
    test: sets.filter(({ split }) => split === 'test'),
  };
}

/** Finds the rows of K items for each query. */
export type Search = (queries: readonly string[]) => Promise<number[][]>;

/** Plain search in the space that the encode stage would fit. */
export async function tagSpace(
  { texts, train }: TagData,
  encoder: Encoder | EncoderParts,
  d: number,
): Promise<{ dim: number; search: Search }> {
  const items = texts.map((text) => ({ text }));
  const fitted = await fitSpace({ encoder, items, queries: train, d });
  const { projection } = fitted.space;
  const projected = await ProjectedEncoder.create(fitted.encoder, projection);
  const index = await ExactIndex.create({ vectors: await project(projection, fitted.sample) });
  return {
    dim: projected.dim,
    async search(queries) {
      const { indices } = await index.search(await projected.encode(queries), { k: K });
      return queries.map((_, i) => [...indices.subarray(i * K, (i + 1) * K)]);
    },
  };
}

/** Mean P@10, S-recall@10 and alpha-nDCG@10 over the test queries; see `labelMetrics`. */
export async function tagMetrics(
  { test, aspects }: TagData,
  search: Search,
): Promise<{ precision: number; sRecall: number; alphaNdcg: number }> {
  const found = await search(test.map(({ query }) => query));
  const aspectOf = (item: number) => aspects[item];
  const metrics = test.map(({ items: reference }, i) =>
    labelMetrics({ retrieved: found[i], reference, k: K, aspectOf }),
  );
  const mean = (name: keyof LabelMetrics) =>
    metrics.reduce((sum, { [name]: value }) => sum + value, 0) / metrics.length;
  return {
    precision: mean('precisionAtK'),
    sRecall: mean('sRecallAtK'),
    alphaNdcg: mean('alphaNdcgAtK'),
  };
}
