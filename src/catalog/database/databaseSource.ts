import type { CatalogSource } from '../source.js';

/** The database that a name means; undefined for a path. */
export function databaseSource(_name: string): CatalogSource | undefined {
  return undefined;
}
