/** What the quickstart's printing and its picture read beside the report. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ReportedQuery } from 'r4t';

export interface CatalogItem {
  readonly id: string;
  readonly title: string;
  readonly category?: string;
  readonly emoji?: string;
  /** Path of its picture, from the working directory. */
  readonly image?: string;
}

/** The records of a file of JSON lines. */
export function readLines<T>(file: string): T[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as T);
}

/** The items of a catalog, in its order, by id. */
export const readCatalog = (file: string): Map<string, CatalogItem> =>
  new Map(readLines<CatalogItem>(file).map((item) => [item.id, item]));

/** The queries that are shown, chosen before anyone saw a set: the first in the order of a hash. */
export function shownQueries(queries: readonly ReportedQuery[], count: number): ReportedQuery[] {
  const hash = ({ query }: ReportedQuery) => createHash('sha256').update(query).digest('hex');
  return [...queries].sort((a, b) => (hash(a) < hash(b) ? -1 : 1)).slice(0, count);
}
