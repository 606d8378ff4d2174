import type { Command } from 'commander';
import type { CliIo } from './io.js';
import { formatBytes, formatFigure } from './text.js';

/** `r4t export`: a compiled run as files for a browser or an edge worker. */
export function addExportCommand(program: Command, io: CliIo): void {
  program
    .command('export')
    .description('write a run as files that r4t/web loads in a browser or edge worker')
    .argument('<run>', 'run folder')
    .requiredOption('--out <folder>', 'folder to write, to be hosted as it is')
    .action((run: string, { out }: { out: string }) => exportAction(run, out, io));
}

async function exportAction(run: string, out: string, { stdout, stderr }: CliIo): Promise<void> {
  const [{ exportRetriever }, { WEB_FILES }, { stat }, { join }] = await Promise.all([
    import('../web/exportRetriever.js'),
    import('../web/manifest.js'),
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const { items, encoder, diffusion } = await exportRetriever(run, out);
  for (const name of Object.values(WEB_FILES)) {
    const info = await stat(join(out, name)).catch(() => undefined);
    if (info) stdout.write(`${formatBytes(info.size).padStart(8)}  ${name}\n`);
  }
  stdout.write(`${formatFigure(items)} items in ${out}\n`);
  if (!encoder.included)
    stderr.write(`r4t: the encoder "${encoder.id}" is not among the files; give it to r4t/web\n`);
  if (!diffusion)
    stderr.write('r4t: this run has no trained diffusion model yet; the export searches without\n');
}
