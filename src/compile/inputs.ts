/** What `compile` reads before it works, and what it has to say about that. */
import type { Catalog } from '../catalog/catalog.js';
import { catalogQueries } from '../catalog/catalogQueries.js';
import type { CatalogReport } from '../catalog/catalogRows.js';
import { type FieldType, fieldTypes } from '../catalog/filter/filterTable.js';
import type { QueryRecord } from '../catalog/item.js';
import { loadQueries } from '../catalog/queries.js';
import { type LoadQueriesOptions, loadSets, type QueryReport } from '../catalog/sets.js';
import type { Encoder, EncoderParts } from '../encode/encoder.js';
import { type Readability, readability } from '../encode/textReading.js';
import { InputError } from '../errors.js';
import { lazyMap } from '../lazyArray.js';
import type { Config } from '../run/config.js';
import type { MemoryPlan } from '../run/memoryPlan.js';
import { TASKS } from '../tasks/tasks.js';

/** What became of everything that was read. */
export interface InputReport {
  readonly catalog: CatalogReport;
  /** What each field of the items is, as filters see it. */
  readonly fields: readonly FieldType[];
  readonly sets?: QueryReport;
  readonly queries?: QueryReport;
  /** How much of the items' texts the encoder can read; absent where it cannot tell. */
  readonly texts?: Readability;
  /** The same of the queries. */
  readonly queryTexts?: Readability;
  /** What is held in memory of a large catalog. */
  readonly memory?: MemoryPlan;
}

export interface CollectedQueries {
  readonly queries: readonly QueryRecord[];
  readonly reports: Pick<InputReport, 'sets' | 'queries'>;
}

/**
 * The queries of a run: from sets, from a file of queries, or made of the catalog's own words.
 *
 * @throws InputError for a bad file, and where there is nothing to train on
 */
export async function collectQueries(
  files: {
    readonly sets?: string;
    readonly queries?: string;
    readonly strict?: boolean;
    readonly signal?: AbortSignal;
  },
  catalog: Catalog,
  config: Config,
): Promise<CollectedQueries> {
  const { sets, queries, strict, signal } = files;
  const { query, encoding } = config.catalog;
  const task = TASKS[config.task];
  const reports: { sets?: QueryReport; queries?: QueryReport } = {};
  const options = (name: 'sets' | 'queries'): LoadQueriesOptions => ({
    signal,
    strict,
    query,
    encoding,
    onReport(report) {
      reports[name] = report;
    },
  });
  const fromSets = sets === undefined ? [] : await loadSets(sets, catalog, options('sets'));
  const withQuery = fromSets.flatMap(({ query: text, items, split }) =>
    text === undefined ? [] : [{ query: text, items, split }],
  );
  if (task.option === 'sets' && withQuery.length === 0) {
    throw new InputError(
      `task "${config.task}" learns from reference sets; give --sets with queries and items`,
      {
        field: 'task',
      },
    );
  }
  const open = queries === undefined ? [] : await loadQueries(queries, options('queries'));
  const given = task.queries(withQuery, open);
  const chosen = given.length > 0 ? given : catalogQueries(catalog.items);
  if (chosen.some((q) => q.split === 'train' && task.trains(q))) return { queries: chosen, reports };
  throw new InputError(`there are no training queries; give --${task.option} with broad queries`, {
    file: { sets, queries }[task.option],
  });
}

/** More texts than this that no encoder can read, and it is of another language. */
const MOST_UNKNOWN = 0.5;

/**
 * How much of the items' texts the encoder can read.
 *
 * @throws InputError where it cannot read most of them: what it would find is nonsense
 */
export function checkTexts(
  encoder: Encoder | EncoderParts,
  catalog: Catalog,
  setting: Config['encoder'],
): Readability | undefined {
  const texts = readability(
    encoder,
    lazyMap(catalog.items, ({ text }) => text),
  );
  if (!texts || texts.unknown <= MOST_UNKNOWN * texts.texts) return texts;
  const name = typeof setting === 'string' ? `"${setting}" reads English` : `${encoder.id} cannot read them`;
  throw new InputError(
    `${texts.unknown.toLocaleString('en')} of ${texts.texts.toLocaleString('en')} texts are of words that it does not know, such as "${texts.example?.slice(0, 40)}": ${name}. ${ANOTHER_ENCODER}`,
    { field: 'encoder' },
  );
}

/** The remedy for a catalog in another language. */
export const ANOTHER_ENCODER =
  'Name a model of the catalog\'s language in the config, e.g. {"encoder": {"kind": "transformers", "model": "Xenova/multilingual-e5-small"}}; see docs/config.md, Encoder';

/** What each field is, for the report. */
export const describeFields = (catalog: Catalog): FieldType[] => fieldTypes(catalog.items);
