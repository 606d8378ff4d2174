import { Argument, type Command } from 'commander';
import type { DatasetFormat, ImportResult } from '../catalog/import/importDataset.js';
import type { CliIo } from './io.js';
import { showProgress } from './progress/showProgress.js';
import { formatFigure } from './text.js';

const FORMATS: Readonly<Record<DatasetFormat, true>> = { polyvore: true, bundles: true, playlists: true };

/** `r4t import`: turns a public data set, as published, into a catalog and sets. */
export function addImportCommand(program: Command, io: CliIo): void {
  program
    .command('import')
    .description('turn the files of a public data set into catalog.jsonl and sets.jsonl')
    .addArgument(new Argument('<format>', 'whose files they are').choices(Object.keys(FORMATS)))
    .argument('<files...>', 'the files as published, unpacked')
    .requiredOption('--out <folder>', 'folder to write to')
    .option('--force', 'replace the files of an earlier import')
    .action((format: DatasetFormat, files: string[], flags: { out: string; force?: true }) =>
      importAction(format, files, flags, io),
    );
}

async function importAction(
  format: DatasetFormat,
  files: readonly string[],
  flags: { readonly out: string; readonly force?: true },
  io: CliIo,
): Promise<void> {
  const { importDataset } = await import('../catalog/import/importDataset.js');
  const progress = showProgress(io, { json: false });
  let result: ImportResult;
  try {
    result = await importDataset({
      format,
      files,
      ...flags,
      signal: io.signal,
      onProgress: progress.onProgress,
    });
  } finally {
    progress.close();
  }
  if (result.unused.length > 0) io.stderr.write(`r4t: not needed: ${result.unused.join(', ')}\n`);
  for (const [reason, count] of Object.entries(result.dropped)) {
    io.stderr.write(`r4t: left out: ${formatFigure(count)} ${reason}\n`);
  }
  const { train, valid, test } = result.sets;
  const splits = Object.entries({ train, valid, test }).map(([split, n]) => `${split} ${formatFigure(n)}`);
  io.stdout.write(
    `${result.folder}: ${formatFigure(result.items)} items, ${formatFigure(train + valid + test)} sets (${splits.join(', ')})\n`,
  );
}
