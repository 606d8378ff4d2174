import { Console } from 'node:console';
import type { Command } from 'commander';
import { InputError } from '../errors.js';
import type { SetSource } from '../integrations/source.js';
import type { CliIo } from './io.js';
import { wholeNumber } from './options.js';
import { oneLine } from './text.js';

interface McpFlags {
  readonly catalog?: string;
  readonly threads?: number;
}

/** `r4t mcp`: a run for agents that speak the Model Context Protocol. */
export function addMcpCommand(program: Command, io: CliIo): void {
  program
    .command('mcp')
    .description('let agents search a run: a Model Context Protocol server on stdin and stdout')
    .argument('<run>', 'run folder, or the address of r4t serve')
    .option('--catalog <words>', 'what the catalog is, for agents to know when to search it')
    .option('--threads <n>', 'threads to compute with (default: one a core)', wholeNumber(1))
    .addHelpText(
      'after',
      '\nFor the address of a service, an API key is taken from the environment variable R4T_API_KEY.',
    )
    .action((run: string, flags: McpFlags) => mcpAction(run, { ...flags, version: program.version() }, io));
}

const PACKAGE = '@modelcontextprotocol/server';

async function mcpAction(
  run: string,
  { catalog, threads, version }: McpFlags & { readonly version?: string },
  io: CliIo,
): Promise<void> {
  // Stdout is the protocol's: what a module of the user's logs goes elsewhere.
  globalThis.console = new Console(process.stderr);
  const [{ createMcpServer }, { serveStdio }] = await Promise.all([
    import('../integrations/mcp.js'),
    import('@modelcontextprotocol/server/stdio'),
  ]).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new InputError(`r4t mcp needs the package ${PACKAGE}; npm install ${PACKAGE}`, {}, { cause });
  });
  const { source, close } = await openSource(run, threads, io);
  try {
    const ended = new Promise<void>((resolve) => {
      process.stdin.once('end', resolve).once('close', resolve);
      io.signal?.addEventListener('abort', () => resolve(), { once: true });
    });
    const onerror = ({ message }: Error) => io.stderr.write(`r4t: ${oneLine(message)}\n`);
    const server = serveStdio(() => createMcpServer(source, { catalog, version }), { onerror });
    io.stderr.write(`r4t: ${run} is ready for agents (stop with Ctrl-C)\n`);
    await ended;
    await server.close();
  } finally {
    await close();
  }
}

async function openSource(
  run: string,
  threads: number | undefined,
  { env, signal }: CliIo,
): Promise<{ source: SetSource; close: () => Promise<void> }> {
  if (/^https?:\/\//i.test(run)) {
    const { Client } = await import('../client/client.js');
    const client = new Client({ url: run, apiKey: env?.R4T_API_KEY });
    await client.info({ signal });
    return { source: client, close: async () => {} };
  }
  const { Retriever } = await import('../retrieve/retriever.js');
  const retriever = await Retriever.load(run, { threads, signal });
  return { source: retriever, close: () => retriever.close() };
}
