import { InputError } from '../errors.js';
import type { PlainRecord } from './cleanRecord.js';

/** What search logs and analytics call a query, without case and signs. */
const USUAL =
  `query searchterm searchterms searchquery searchqueries searchphrase searchkeyword search sitesearchterm term terms keyword
  keywords phrase q querytext text topqueries suchbegriff requete`.split(/\s+/);

const simple = (name: string): string => name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();

/** The field of a record that is the query: the one that is named, else by its usual names; undefined for none. */
export function queryColumn(record: PlainRecord, named?: string): string | undefined {
  if (named !== undefined) return named;
  const columns = Object.keys(record);
  if (columns.includes('query')) return 'query';
  return USUAL.map((name) => columns.find((column) => simple(column) === name)).find(
    (column) => column !== undefined,
  );
}

/** @throws InputError if a column that the config names is not there */
export function checkQueryColumn(record: PlainRecord, named: string | undefined, file: string): void {
  if (named === undefined || named in record) return;
  const problem = `is named by catalog.query, but the file has ${Object.keys(record).join(', ')}`;
  throw new InputError(problem, { file, field: named });
}
