import type { Command } from 'commander';
import type { CatalogReport } from '../catalog/catalogRows.js';
import { InputError } from '../errors.js';
import type { OnProgress } from '../progress.js';
import { findConfig } from './findConfig.js';
import type { CliIo } from './io.js';
import { showProgress } from './progress/showProgress.js';
import { formatFigure } from './text.js';

interface SendFlags {
  readonly to: string;
  readonly config?: string;
  readonly strict?: true;
}

/** `r4t send`: a catalog into a running service. */
export function addSendCommand(program: Command, io: CliIo): void {
  program
    .command('send')
    .description('add a catalog to a running service, or replace its items; may be repeated')
    .argument('<catalog...>', 'as for compile')
    .requiredOption('--to <url>', 'where r4t serve listens')
    .option('--config <file>', 'settings (default: r4t.config.ts or .json here, if there is one)')
    .option('--strict', 'send nothing more after a bad row')
    .addHelpText('after', '\nA full API key is taken from the environment variable R4T_API_KEY.')
    .action((catalog: string[], flags: SendFlags) => sendAction(catalog, flags, io));
}

async function sendAction(given: readonly string[], flags: SendFlags, io: CliIo): Promise<void> {
  const [{ loadConfig }, library, { describeCatalog }] = await Promise.all([
    import('../run/loadConfig.js'),
    import('../index.js'),
    import('./inputSummary.js'),
  ]);
  if (!/^https?:\/\//i.test(flags.to)) {
    throw new InputError(`is "${flags.to}"; write it like http://127.0.0.1:7480`, { field: '--to' });
  }
  const { catalog } = await loadConfig(flags.config ?? (await findConfig(process.cwd())), { library });
  const progress = showProgress(io, { json: false });
  try {
    const { signal } = io;
    const { onProgress } = progress;
    const options = { ...catalog, strict: flags.strict, signal, onProgress };
    const report = await send(given, flags.to, io, options);
    io.stderr.write(
      describeCatalog(report)
        .map((line) => `${line}\n`)
        .join(''),
    );
    io.stdout.write(`${flags.to}: searches see ${formatFigure(report.items)} items\n`);
  } finally {
    progress.close();
  }
}

interface SendOptions {
  readonly strict?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress: OnProgress;
}

async function send(
  given: readonly string[],
  url: string,
  { env }: CliIo,
  { onProgress, ...options }: SendOptions,
): Promise<CatalogReport> {
  const [{ Client, ServiceError, ConnectionError }, { CatalogRows }, { openSource }, { readId }] =
    await Promise.all([
      import('../client/client.js'),
      import('../catalog/catalogRows.js'),
      import('../catalog/source.js'),
      import('../catalog/ids.js'),
    ]);
  const { signal } = options;
  const client = new Client({ url, apiKey: env?.R4T_API_KEY });
  const source = await openSource(given, { signal });
  try {
    const rows = await CatalogRows.open(source, options);
    const { reader } = rows;
    async function* records() {
      for await (const { record, file, line } of rows) {
        let isItem = false;
        rows.attempt(() => {
          readId(record[reader.id], { file, line, field: reader.id });
          reader.text(record, { file, line });
          isItem = true;
        });
        if (isItem) yield record;
      }
    }
    const onSent = (done: number) => {
      // The last one is told when searches see it.
      const total = Math.max(done + 1, Math.round(done / (rows.fraction || 1)));
      onProgress({ stage: 'send', done, total });
    };
    const { sent, sequence } = await client.sendItems(records(), { signal, onSent });
    const report = rows.report(sent);
    await client.visible(sequence, { signal });
    onProgress({ stage: 'send', done: sent, total: sent });
    return report;
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof ConnectionError)
      throw new InputError(error.message, { field: '--to' }, { cause: error });
    if (!(error instanceof ServiceError) || error.status >= 500) throw error;
    const [first] = error.errors;
    const where = first === undefined ? '' : `: ${first.field} ${first.detail}`;
    const remedy = error.status === 401 || error.status === 403 ? '; set R4T_API_KEY to a full key' : '';
    throw new InputError(
      `the service refuses: ${error.message}${where}${remedy}`,
      { field: '--to' },
      { cause: error },
    );
  } finally {
    await source.close?.();
  }
}
