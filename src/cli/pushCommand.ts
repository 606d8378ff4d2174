import type { Command } from 'commander';
import type { CliIo } from './io.js';
import { showProgress } from './progress/showProgress.js';
import { formatFigure } from './text.js';

interface PushFlags {
  readonly to: string;
  readonly apiKeyEnv?: string;
  readonly words?: string | true;
}

/** `r4t push`: a run's items and vectors into a search engine. */
export function addPushCommand(program: Command, io: CliIo): void {
  program
    .command('push')
    .description("bring a run's items and vectors into a search engine; stopped, it goes on")
    .argument('<run>', 'run folder')
    .requiredOption(
      '--to <address>',
      'milvus://host:19530/items, lancedb:folder, postgres://user@host/db?table=items, opensearch+http://…, qdrant+http://…',
    )
    .option(
      '--words [language]',
      'with an index of words in that language (english), which hybrid search asks if the config says so',
    )
    .option('--api-key-env <name>', 'environment variable with the password or key of the engine')
    .action((run: string, flags: PushFlags) => pushAction(run, flags, io));
}

async function pushAction(run: string, { to, apiKeyEnv, words }: PushFlags, io: CliIo): Promise<void> {
  const [{ pushRun }, { parseTarget }, { connectSearchEngine }] = await Promise.all([
    import('../run/pushRun.js'),
    import('../vectorIndex/engines/engineSetting.js'),
    import('../vectorIndex/engines/connectSearchEngine.js'),
  ]);
  const { setting: given, secret } = parseTarget(to);
  const setting = {
    ...given,
    ...(given.kind !== 'lancedb' && apiKeyEnv && { apiKeyEnv }),
    ...(words && { words: true }),
  };
  const engine = await connectSearchEngine(setting, secret);
  const progress = showProgress(io, { json: false });
  try {
    const { signal } = io;
    const { items, sent } = await pushRun(run, engine, {
      words: words === true ? 'english' : words,
      signal,
      onProgress: progress.onProgress,
    });
    progress.close();
    io.stdout.write(`${engine.name}: ${formatFigure(items)} items, ${formatFigure(sent)} of them sent now\n`);
    io.stdout.write(`searched there with this in the config: "index": ${JSON.stringify(setting)}\n`);
  } finally {
    progress.close();
    await engine.close();
  }
}
