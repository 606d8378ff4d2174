import type { RunControl } from '../../progress.js';
import { importBundles } from './bundles.js';
import { type DatasetSummary, DatasetWriter } from './dataset.js';
import { importPlaylists } from './playlists.js';
import { importPolyvore } from './polyvore.js';
import { type Importer, Reading } from './reading.js';

const IMPORTERS = {
  polyvore: importPolyvore,
  bundles: importBundles,
  playlists: importPlaylists,
} satisfies Record<string, Importer>;

export type DatasetFormat = keyof typeof IMPORTERS;

export interface ImportOptions extends RunControl {
  readonly format: DatasetFormat;
  /** The files as their owners publish them, unpacked. */
  readonly files: readonly string[];
  /** The folder that gets `catalog.jsonl` and `sets.jsonl`. */
  readonly out: string;
  /** Replaces the files of an earlier import [false]. */
  readonly force?: boolean;
}

export interface ImportResult extends DatasetSummary {
  /** Files that hold nothing which is needed. */
  readonly unused: readonly string[];
}

/**
 * Turns the files of a public data set into a data folder. The big ones are streamed; the folder's files appear when
 * both are complete.
 *
 * @throws InputError if a file is missing, is not of the format, or the folder has such files already
 *
 * @example
 * await importDataset({ format: 'playlists', files: ['mpd.slice.0-999.json'], out: 'data/playlists' });
 */
export async function importDataset({
  format,
  files,
  out,
  force,
  ...control
}: ImportOptions): Promise<ImportResult> {
  const reading = await Reading.of(files, control);
  const writer = await DatasetWriter.create(out, { force });
  try {
    const unused = await IMPORTERS[format](files, writer, reading);
    reading.finish();
    return { ...(await writer.finish()), unused };
  } finally {
    await writer.discard();
  }
}
