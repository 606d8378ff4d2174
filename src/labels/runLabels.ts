/** Where the labels of a run are kept: beside its stages, whose files alone are checked and made anew. */
import { join } from 'node:path';
import type { QueryRecord, Split } from '../catalog/item.js';
import { normalizeKey } from '../catalog/normalizeKey.js';
import { readJson, realPath } from '../files.js';
import { ENCODED_FILES } from '../run/workspace.js';
import { LabelFolder } from './labelFolder.js';

/**
 * The labels of a run. Its own queries keep their side of the split.
 *
 * @param folder another place than `labels` in the run folder; a link that leads to a run is followed once
 * @throws InputError if the run has no queries yet
 */
export async function openRunLabels(run: string, folder?: string): Promise<LabelFolder> {
  const queries = await runQueries(run);
  const splits = new Map(queries.map(({ query, split }): [string, Split] => [normalizeKey(query), split]));
  return new LabelFolder(folder ?? join(await realPath(run), 'labels'), {
    splitOf: (query) => splits.get(normalizeKey(query)),
  });
}

/** @throws InputError if the run has no queries yet */
export const runQueries = async (run: string): Promise<readonly Pick<QueryRecord, 'query' | 'split'>[]> =>
  (await readJson(join(run, 'encode', ENCODED_FILES.queries))) as QueryRecord[];
