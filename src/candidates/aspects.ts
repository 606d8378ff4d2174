/** What kind of thing an item is, for metrics and objectives which ask how many kinds a set shows. */
import { nearest, sphericalKMeans } from '../baselines/kMeans.js';
import type { Item, MetadataValue } from '../catalog/item.js';
import { InputError } from '../errors.js';
import { gatherRows, type Matrix, row, rowRange, type VectorTable } from '../matrix.js';
import { numbered } from '../numbered.js';
import { CounterRandom } from '../random.js';

/** The aspect of a row of the catalog; undefined where it has none. */
export type AspectOf = (row: number) => string | number | undefined;

export interface AspectOptions {
  /** A metadata field that says it (`category` for the category), before all else. */
  readonly field?: string;
  /** Seed of the clusters, where nothing else says it (0). */
  readonly seed?: number;
}

/** Clusters at most, and rows they are fitted to. */
const MOST_CLUSTERS = 100;
const FITTED_ROWS = 20_000;

/**
 * The aspects of a catalog: the field that is named, else the leaf of the category (C of `A > B > C` or of `A/B/C`) where at
 * least half of the items have one and not all the same, else clusters of the vectors.
 *
 * There are round(sqrt(items)) clusters, at most 100, by spherical k-means on at most 20,000 random rows. They are fitted when
 * an aspect is first asked for; with 256 dimensions that takes half a second for 2,000 items, and up to a quarter of a minute
 * for a large catalog.
 *
 * @param vectors unit rows [items, d]
 * @throws InputError if no item has the field
 * @throws RangeError if items and vectors are not equally many
 *
 * @example
 * const aspectOf = aspectsOf(items, vectors, { field: 'slot' });
 * const { sRecallAtK } = labelMetrics({ retrieved, reference, k: 10, aspectOf });
 */
export function aspectsOf(
  items: readonly Pick<Item, 'category' | 'metadata'>[],
  vectors: VectorTable,
  { field, seed = 0 }: AspectOptions = {},
): AspectOf {
  if (items.length !== vectors.rows)
    throw new RangeError(`${items.length} items cannot have ${vectors.rows} vectors`);
  const { values, numbers } = numbered(items, items.length, (item) => labelOf(item, field));
  const known = numbers.filter((number) => number >= 0).length;
  if (field !== undefined && known === 0) throw noSuchField(field, items);
  const tells = field !== undefined || (2 * known >= items.length && values.length > 1);
  return tells ? (i) => values[numbers[i]] : clusterOf(vectors, seed);
}

function labelOf(
  { category, metadata }: Pick<Item, 'category' | 'metadata'>,
  field: string | undefined,
): string | number | undefined {
  if (field !== undefined) {
    const value = fieldValue(metadata, field);
    if (value !== undefined || field !== 'category') return value;
  }
  return category === undefined ? undefined : leafOf(category);
}

/** Those of `aspectsOf`, found when they are first asked for: clusters take their time. */
export function aspectsWhenAsked(...catalog: Parameters<typeof aspectsOf>): () => AspectOf {
  let aspects: AspectOf | undefined;
  return () => {
    aspects ??= aspectsOf(...catalog);
    return aspects;
  };
}

/** The last part of a path; a slash divides only what no `>` divides, for names have slashes too. */
function leafOf(category: string): string | undefined {
  const parts = category.split(category.includes('>') ? '>' : '/').map((part) => part.trim());
  return parts.findLast((part) => part !== '');
}

/** Several values together are one aspect, in whatever order they stand. */
function fieldValue(metadata: Item['metadata'], field: string): string | number | undefined {
  const value: MetadataValue | undefined = Object.hasOwn(metadata, field) ? metadata[field] : undefined;
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value === 'boolean') return String(value);
  return value.length === 0 ? undefined : value.map(String).sort().join(', ');
}

function noSuchField(field: string, items: readonly Pick<Item, 'metadata'>[]): InputError {
  const names = new Set<string>();
  for (const { metadata } of items) for (const name in metadata) names.add(name);
  const others =
    names.size > 0 ? `; the fields are ${[...names].join(', ')}` : '; items have no other fields';
  return new InputError(`is to tell the aspects of items, but no item has it${others}`, { field });
}

/** Numbers of clusters; most rows are never asked for. */
function clusterOf(vectors: VectorTable, seed: number): AspectOf {
  let centroids: Matrix | undefined;
  const known = new Map<number, number>();
  return (i) => {
    centroids ??= fitClusters(vectors, seed);
    const cluster = known.get(i) ?? nearest(centroids, row(vectors, i));
    known.set(i, cluster);
    return cluster;
  };
}

function fitClusters(vectors: VectorTable, seed: number): Matrix {
  const random = new CounterRandom(seed, 'evaluate/aspects');
  const clusters = Math.min(MOST_CLUSTERS, Math.round(Math.sqrt(vectors.rows)));
  const fitted =
    vectors.rows <= FITTED_ROWS
      ? rowRange(vectors, 0, vectors.rows)
      : gatherRows(vectors, random.permutation(vectors.rows).subarray(0, FITTED_ROWS));
  return sphericalKMeans(fitted, clusters, random);
}
